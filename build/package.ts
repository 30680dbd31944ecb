/** `npm run build`: everything that is published, into `dist`. */
import { buildBundles, dist, root } from './bundles.ts';
import { buildDeclarations } from './declarations.ts';

await buildBundles();
buildDeclarations(root, dist);
