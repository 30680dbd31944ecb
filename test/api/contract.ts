/** The OpenAPI file, as the tests hold it against the handler. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import openapi from '../../functions/api/openapi.json' with { type: 'json' };
import type { HttpAnswer } from '../system/sandbox.ts';

type Json = Readonly<Record<string, unknown>>;
type Media = { readonly schema: Json; readonly examples: Record<string, { readonly value: unknown }> };
type Header = { readonly required?: boolean; readonly schema: Json; readonly example?: unknown };
export type Response = {
  readonly headers?: Record<string, Header>;
  readonly content: Record<string, Media>;
};
export type Parameter = { readonly name: string; readonly in: string; readonly schema: Json };
export type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly 'x-ringbearer-aliases': readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Record<string, Media> };
  readonly responses: Record<string, Response>;
};
export type Place = {
  readonly method: string;
  readonly path: string;
  /** JSON pointer of the operation. */
  readonly pointer: string;
  readonly operation: Operation;
};

const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'];
const base = 'https://ringbearer.invalid/openapi.json';

/** RFC 3339 §5.6, as far as a regular expression goes. */
const dateTime =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
ajv.addFormat('date-time', {
  validate: (text: string) => {
    const day = text.slice(0, 10);
    return dateTime.test(text) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
  },
});
ajv.addFormat('uri', { validate: (text: string) => URL.canParse(text) });
// The document itself is no schema: only what its references point to is one.
ajv.addVocabulary(Object.keys(openapi));
ajv.addSchema(openapi, base);

const escapeSegment = (segment: string): string =>
  encodeURIComponent(segment.replaceAll('~', '~0').replaceAll('/', '~1'));
export const pointerTo = (...segments: string[]): string => `#/${segments.map(escapeSegment).join('/')}`;

const validators = new Map<string, ValidateFunction>();
const validatorAt = (pointer: string): ValidateFunction => {
  const known = validators.get(pointer) ?? ajv.compile({ $ref: `${base}${pointer}` });
  validators.set(pointer, known);
  return known;
};

/** What is wrong with a value, by the schema at this pointer; empty: nothing. */
export const faultsAt = (pointer: string, value: unknown): string[] => {
  const validate = validatorAt(pointer);
  return validate(value)
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
};

export const faultsBySchema = (name: string, value: unknown): string[] =>
  faultsAt(pointerTo('components', 'schemas', name), value);

export const document: Json = openapi;

export const resolve = (pointer: string): unknown =>
  pointer
    .slice(2)
    .split('/')
    .map(segment => decodeURIComponent(segment).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], openapi);

/** Follows `$ref`, and says where it led. */
const follow = <T>(pointer: string): { readonly value: T; readonly pointer: string } => {
  const value = resolve(pointer) as T & { $ref?: string };
  return value.$ref === undefined ? { value, pointer } : follow(value.$ref);
};

export const places: readonly Place[] = Object.entries(openapi.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => methods.includes(method))
    .map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      pointer: pointerTo('paths', path, method),
      operation: operation as unknown as Operation,
    })),
);

/** What a path means, segment by segment as it was sent. */
const matches = (template: string, path: string): boolean => {
  const wanted = template.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((segment, index) => segment.startsWith('{') || segment === given[index])
  );
};

type Documented = { readonly value: Response; readonly pointer: string };

/** Refusals that come before the path is looked at. */
const beforeRouting: Record<number, string> = { 400: 'InvalidRequest', 413: 'BodyTooLarge' };

const documentedAnswer = (method: string, path: string, status: number): Documented | undefined => {
  const candidates = places.filter(place => matches(place.path, path));
  const place = candidates.find(candidate => candidate.method === method);
  if (place !== undefined) {
    return place.operation.responses[status] === undefined
      ? undefined
      : follow(`${place.pointer}/responses/${status}`);
  }
  const unrouted: Record<number, string> =
    candidates.length === 0 ? { 404: 'RouteNotFound' } : { 405: 'MethodNotAllowed' };
  const name = { ...beforeRouting, ...unrouted }[status];
  return name === undefined ? undefined : follow(pointerTo('components', 'responses', name));
};

const ownHeaders = ({ headers }: HttpAnswer): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name !== 'content-type'),
  );

const headerFaults = ({ value, pointer }: Documented, answer: HttpAnswer): string[] => {
  const given = ownHeaders(answer);
  const names = Object.keys(value.headers ?? {});
  const undocumented = Object.keys(given).filter(
    name => !names.some(documented => documented.toLowerCase() === name),
  );
  const wrong = names.flatMap(name => {
    const { value: header, pointer: at } = follow<Header>(`${pointer}/headers/${escapeSegment(name)}`);
    const text = given[name.toLowerCase()];
    if (text === undefined) return header.required === true ? [`${name} is missing`] : [];
    const typed = header.schema.type === 'integer' ? Number(text) : text;
    return faultsAt(`${at}/schema`, typed).map(fault => `${name}: ${fault}`);
  });
  return [...undocumented.map(name => `the header ${name} is not documented`), ...wrong];
};

/** In how far an answer of the handler is not what the file says. */
export const answerFaults = (method: string, path: string, answer: HttpAnswer): string[] => {
  const documented = documentedAnswer(method, path, answer.status);
  if (documented === undefined) return [`${method} ${path}: status ${answer.status} is not documented`];
  const type = answer.headers['content-type'] ?? '';
  if (documented.value.content[type] === undefined) return [`the content type ${type} is not documented`];
  const bodyAt = `${documented.pointer}/content/${escapeSegment(type)}/schema`;
  return [...faultsAt(bodyAt, answer.body), ...headerFaults(documented, answer)];
};

type Refusal = { readonly properties?: { readonly code?: { readonly enum?: readonly string[] } } };

/** Each answer that the file promises: `getToken 200`, `getToken 503 refresh-pending`. */
export const promisedAnswers: readonly string[] = places.flatMap(({ operation, pointer }) =>
  Object.keys(operation.responses).flatMap(status => {
    const { value } = follow<Response>(`${pointer}/responses/${status}`);
    const schema = value.content['application/problem+json']?.schema as { allOf?: Refusal[] } | undefined;
    const codes = (schema?.allOf ?? []).flatMap(part => part.properties?.code?.enum ?? []);
    const name = `${operation.operationId} ${status}`;
    return codes.length === 0 ? [name] : codes.map(code => `${name} ${code}`);
  }),
);

type Example = { readonly at: string; readonly schemaAt: string; readonly value: unknown };

/** Beside a schema are OpenAPI's `example` and `examples` by name; within one are JSON Schema's, a list. */
const examplesOf = (fields: Record<string, unknown>, at: string): Example[] => {
  const { schema, example, examples: several } = fields;
  if (Array.isArray(several)) {
    return several.map((value, index) => ({ at: `${at}/${index}`, schemaAt: at, value }));
  }
  if (schema === undefined) return [];
  const named = Object.entries((several ?? {}) as Media['examples']).map(([name, { value }]) => ({
    at: `${at}/${name}`,
    schemaAt: `${at}/schema`,
    value,
  }));
  return example === undefined ? named : [...named, { at, schemaAt: `${at}/schema`, value: example }];
};

const examplesWithin = (value: unknown, at: string): Example[] =>
  typeof value === 'object' && value !== null
    ? [
        ...examplesOf(value as Record<string, unknown>, at),
        ...Object.entries(value)
          .filter(([key]) => key !== 'examples' && key !== 'example')
          .flatMap(([key, inner]) => examplesWithin(inner, `${at}/${escapeSegment(key)}`)),
      ]
    : [];

/** Every example of the file, with the pointer of its schema. */
export const examples: readonly Example[] = examplesWithin(openapi, '#');
