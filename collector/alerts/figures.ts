/** Every figure that a rule may name. */
import { directMap4kShare, hoursUntilLast2m, splitsPerMinute } from "./figures/directMap.ts";
import { evidenceLost } from "./figures/evidence.ts";
import { memlockShare, refusalsPerMinute } from "./figures/limits.ts";
import { futileOomKills, secretShareAtOomKill } from "./figures/oomKills.ts";
import type { Figure } from "./figures/reading.ts";
import {
  chargedWithoutHolderBytes,
  hibernationBlocked,
  secretShare,
  secretShareOfCgroup,
  secretShareOfUser,
  unheldBytes,
} from "./figures/secretMemory.ts";

export const figures = {
  splits_per_minute: splitsPerMinute,
  direct_map_4k_share: directMap4kShare,
  hours_until_last_2m: hoursUntilLast2m,
  secret_share: secretShare,
  secret_share_of_user: secretShareOfUser,
  secret_share_of_cgroup: secretShareOfCgroup,
  memlock_share: memlockShare,
  refusals_per_minute: refusalsPerMinute,
  unheld_bytes: unheldBytes,
  charged_without_holder_bytes: chargedWithoutHolderBytes,
  futile_oom_kills: futileOomKills,
  secret_share_at_oom_kill: secretShareAtOomKill,
  hibernation_blocked: hibernationBlocked,
  evidence_lost: evidenceLost,
} as const satisfies Readonly<Record<string, Figure>>;

export type FigureName = keyof typeof figures;
export const figureNames = Object.keys(figures) as FigureName[];

export const isFigureName = (name: string): name is FigureName => Object.hasOwn(figures, name);
