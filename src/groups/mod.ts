/**
 * What chooses among the members of a group; loaded with the first call to one.
 *
 * @module
 */

export { Group } from "./group.ts";
export { LinkMember } from "./link_member.ts";
