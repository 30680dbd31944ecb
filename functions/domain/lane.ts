/** Lanes: the partitions of the due index. Each sweep schedule reads its share of them. */

/** Fixed: a stored grant keeps the lane that it was written with. */
export const laneCount = 16;

/** FNV-1a over the UTF-16 units of the grant id, modulo the number of lanes. */
export const laneOf = (grantId: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < grantId.length; i += 1) {
    hash = Math.imul(hash ^ grantId.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash % laneCount;
};
