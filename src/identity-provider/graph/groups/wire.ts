// Groups on Microsoft Graph's wire ↔ our records.

import type { Group } from '#directory';
import { z } from '#kernel';
import type { WireObject } from '../odata/entity.ts';

const name = z.string().min(1).max(256);
const references = z.array(z.string().max(2048)).max(20).optional();

export const createGroupBody = z.object({
  displayName: name,
  mailNickname: name.max(64),
  mailEnabled: z.literal(false),
  securityEnabled: z.literal(true),
  isAssignableToRole: z.boolean().nullish(),
  description: z.string().max(1024).nullish(),
  'members@odata.bind': references,
  'owners@odata.bind': references,
});

export const updateGroupBody = z.object({
  displayName: name.optional(),
  mailNickname: name.max(64).optional(),
  description: z.string().max(1024).nullish(),
  /** Up to 20 at once, as az and azuread send them. */
  'members@odata.bind': references,
  'owners@odata.bind': references,
});

export type GroupBody = z.infer<typeof updateGroupBody>;

export function renderGroup(group: Group): WireObject {
  return {
    id: group.id,
    deletedDateTime: group.deletedDateTime ?? null,
    createdDateTime: group.createdDateTime,
    description: group.description,
    displayName: group.displayName,
    groupTypes: [],
    isAssignableToRole: group.isAssignableToRole ?? false,
    mail: null,
    mailEnabled: false,
    mailNickname: group.mailNickname,
    membershipRule: null,
    proxyAddresses: [],
    renewedDateTime: group.createdDateTime,
    securityEnabled: group.securityEnabled,
    visibility: null,
  };
}
