/** A filter that is being typed. Pure, as state.ts is. */
import type { State } from "./state.ts";

const mostFilter = 80;

/** One key while a filter is typed. Every change shows at once; Esc takes all of it back. */
export function typed(
  state: State,
  key: { readonly ch?: string | undefined; readonly full?: string | undefined },
): State {
  if (state.editing === null) return state;
  switch (key.full) {
    case "enter":
    case "linefeed":
      return { ...state, editing: null };
    case "escape":
    case "C-c":
      return { ...state, filter: state.editing, editing: null };
    case "backspace":
    case "C-h":
      return state.filter === ""
        ? { ...state, editing: null }
        : { ...state, filter: [...state.filter].slice(0, -1).join("") };
    case "C-u":
      return { ...state, filter: "" };
    case "C-w":
      return { ...state, filter: state.filter.replace(/\S+\s*$/, "") };
    default:
      return key.ch !== undefined && /^[^\p{C}]+$/u.test(key.ch) && state.filter.length < mostFilter
        ? { ...state, filter: state.filter + key.ch }
        : state;
  }
}
