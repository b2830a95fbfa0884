/**
 * The numbers behind GFP_KERNEL and its kin, read from a tracepoint's print format. The bits move between versions
 * (include/linux/gfp_types.h), so they are evaluated from what the running kernel prints, never written down here.
 */

/** Value of a flag in a format's __print_flags table, e.g. `{( unsigned long)((( gfp_t)((1UL << (10)) | ...)), "GFP_KERNEL"}`. */
export function flagValue(print: string, name: string): number | undefined {
  const close = print.indexOf(`, "${name}"}`);
  if (close === -1) return undefined;
  const open = print.lastIndexOf("{", close);
  if (open === -1) return undefined;
  return evaluate(print.slice(open + 1, close));
}

/** C integer expressions of literals, casts, ( ) ~ << | &: all that the kernel's flag tables are made of. */
export function evaluate(expression: string): number | undefined {
  const plain = expression.replace(/\(\s*(?:unsigned long|gfp_t|(?:__force\s+)?\w*_t|unsigned int)\s*\)/g, " ");
  const tokens = plain.match(/0x[0-9a-f]+|\d+|<<|[()~|&+-]|[a-z_]\w*/gi) ?? [];
  let at = 0;
  const take = (token: string) => tokens[at] === token && at++ >= 0;

  function primary(): bigint {
    if (take("(")) {
      const value = or();
      if (!take(")")) throw new SyntaxError("no )");
      return value;
    }
    if (take("~")) return ~primary();
    const literal = tokens[at++];
    if (literal === undefined || !/^\d/.test(literal)) throw new SyntaxError(`not a number: ${literal}`);
    while (/^[ul]+$/i.test(tokens[at] ?? "")) at++;
    return BigInt(literal);
  }
  function shift(): bigint {
    let value = primary();
    while (take("<<")) value <<= primary();
    return value;
  }
  function and(): bigint {
    let value = shift();
    while (take("&")) value &= shift();
    return value;
  }
  function or(): bigint {
    let value = and();
    while (take("|")) value |= and();
    return value;
  }

  try {
    const value = or();
    return at === tokens.length ? Number(value) : undefined;
  } catch {
    return undefined;
  }
}
