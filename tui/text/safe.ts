/** What a terminal may be shown; the collector's log lines need it too, so it lives there. */
export { safeJson, safeText, unsafeCharacters } from "../../collector/safeText.ts";
