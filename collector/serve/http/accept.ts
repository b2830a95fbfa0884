/** Which exposition format a scraper wants, from its Accept header. */
import type { Format } from "../../publish/metrics/families.ts";

/**
 * OpenMetrics where it is asked for by name, in the version that prom-client writes, and preferred; text otherwise.
 * A browser or curl asks for anything.
 */
export function formatFor(accept: string | undefined): Format {
  const wanted = (accept ?? "").split(",").map(parse);
  const best = (type: string) =>
    Math.max(0, ...wanted.filter((each) => each.type === type && each.isVersionKnown).map(({ quality }) => quality));
  const openMetrics = best("application/openmetrics-text");
  return openMetrics > 0 && openMetrics >= best("text/plain") ? "openMetrics" : "text";
}

function parse(range: string): { type: string; quality: number; isVersionKnown: boolean } {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const value = (name: string) => parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
  const quality = Number(value("q") ?? 1);
  const version = value("version");
  return {
    type,
    quality: quality >= 0 && quality <= 1 ? quality : 0,
    isVersionKnown: type !== "application/openmetrics-text" || version === undefined || version === "1.0.0",
  };
}
