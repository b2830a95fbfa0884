/**
 * A program and its arguments. Names from the kernel come into them by {words}, and there are two ways in which such a
 * name could become more than an argument: as an option, and as a program for an interpreter. Both are mistakes here.
 */
import { isAbsolute } from "node:path";
import type { YAMLSeq } from "yaml";
import { closestWord } from "../closestWord.ts";
import { placeholder } from "../message.ts";
import { kindOf, type Mistakes, quoted, text } from "../yamlFields.ts";
import type { CommandSettings } from "./settings.ts";
import { deliveryLimits } from "./settings.ts";
import { beginsForeign, commandWords } from "./words.ts";

/** -c, -lc, -e, --eval: what follows is a program. */
const takesProgram = /^(?:-[a-zA-Z]{0,2}[cCeE]|--(?:eval|exec|command|print))$/;
/** --eval=...: what follows in the same argument is one. */
const holdsProgram = /^--(?:eval|exec|command|print)=/;

export function readArguments(
  list: YAMLSeq<unknown>,
  mistakes: Mistakes,
): Pick<CommandSettings, "program" | "args"> | undefined {
  const { items } = list;
  if (items.length === 0 || items.length > deliveryLimits.args) {
    mistakes.add(list, `run has 1 to ${deliveryLimits.args} entries: a program and its arguments`);
    return undefined;
  }
  const words = items.map((item) => {
    const found = text(item);
    if (found === undefined) mistakes.add(item, `an argument is text, here is ${kindOf(item)}; put it in quotes`);
    else if (found.length > deliveryLimits.argCharacters || found.includes("\0"))
      mistakes.add(item, `an argument has at most ${deliveryLimits.argCharacters} characters, and no NUL`);
    else return found;
    return undefined;
  });
  if (words.includes(undefined)) return undefined;
  const [program = "", ...args] = words.filter((word) => word !== undefined);
  if (!isAbsolute(program) || program.match(placeholder) !== null) {
    mistakes.add(items[0], `run begins with the absolute path of a program, like /usr/local/bin/page`);
  }
  args.forEach((argument, index) => {
    checkArgument(argument, args.slice(0, index), items[index + 1], mistakes);
  });
  return { program, args };
}

function checkArgument(argument: string, before: readonly string[], place: unknown, mistakes: Mistakes): void {
  const words = [...argument.matchAll(placeholder)];
  if (words.length === 0) return;
  for (const [all, word = ""] of words) {
    if (commandWords.includes(word)) continue;
    const suggestion = closestWord(word, commandWords);
    const list = suggestion === null ? `; there are: ${commandWords.join(", ")}` : "";
    mistakes.add(place, `an argument has no word for ${quoted(all)}${list}`, suggestion && `{${suggestion}}`);
  }
  if (takesProgram.test(before.at(-1) ?? "") || holdsProgram.test(argument)) {
    const instead = "use the environment there, like $SECRETSCOPE_MESSAGE";
    mistakes.add(place, `this argument is a program for its interpreter: no {words} in it; ${instead}`);
  } else if (beginsForeign.test(argument) && !before.includes("--")) {
    const name = words[0]?.[1] ?? "message";
    const either = `put "--" before it, or something in front, like ${name}={${name}}`;
    mistakes.add(place, `this argument begins with text of others, which may look like an option; ${either}`);
  }
}
