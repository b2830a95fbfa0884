/** What each command does to the screen's state. */
import { describe, expect, test } from "vitest";
import {
  clicked,
  forgetEvents,
  headClicked,
  initialState,
  type Room,
  type State,
  settle,
  update,
} from "../../../tui/dashboard/state.ts";
import { typed } from "../../../tui/dashboard/typing.ts";

const keys = (count: number) => Array.from({ length: count }, (_, index) => `row${index}`);
const room = (rows: Partial<Room["rows"]> = {}): Room => ({
  rows: { map: [], holders: keys(20), splits: keys(3), oom: [], events: keys(5), ...rows },
  page: { map: 1, holders: 5, splits: 5, oom: 5, events: 5 },
  columns: {
    holders: [
      { name: "pid", descending: false },
      { name: "resident", descending: true },
      { name: "rate", descending: true },
    ],
    splits: [
      { name: "count", descending: true },
      { name: "cause", descending: false },
    ],
  },
  overlayEnd: 10,
  overlayPage: 4,
});

function press(state: State, ...commands: Parameters<typeof update>[1][]): State {
  return commands.reduce((now, command) => settle(update(now, command, room()), room()), state);
}

describe("moving", () => {
  test("nothing is selected until the person moves: the list stays at its top", () => {
    expect(settle(initialState, room()).lists.holders).toEqual({ selected: null, index: 0, top: 0 });
    expect(press(initialState, "down").lists.holders.selected).toBe("row0");
  });

  test("down, page down, last and back up keep the row on the screen", () => {
    expect(press(initialState, "down", "down").lists.holders).toEqual({ selected: "row1", index: 1, top: 0 });
    expect(press(initialState, "down", "pageDown", "pageDown").lists.holders).toEqual({
      selected: "row8",
      index: 8,
      top: 4,
    });
    const last = press(initialState, "last");
    expect(last.lists.holders).toEqual({ selected: "row19", index: 19, top: 15 });
    expect(press(last, "down").lists.holders.index).toBe(19);
    expect(press(last, "first", "up").lists.holders).toEqual({ selected: "row0", index: 0, top: 0 });
  });

  test("an empty list can be moved in without harm", () => {
    const state = update({ ...initialState, focus: "oom" }, "down", room());
    expect(settle(state, room()).lists.oom.selected).toBeNull();
  });

  test("Tab goes round, digits choose", () => {
    expect(press(initialState, "nextPanel").focus).toBe("splits");
    expect(press(initialState, "panel5", "nextPanel").focus).toBe("map");
    expect(press(initialState, "panel1", "previousPanel").focus).toBe("events");
  });
});

describe("the selection", () => {
  const chosen = press(initialState, "down", "down", "down");

  test("follows its row when the order changes, and the screen follows the selection", () => {
    const turned = room({ holders: keys(20).reverse() });
    expect(settle(chosen, turned).lists.holders).toEqual({ selected: "row2", index: 17, top: 13 });
  });

  test("goes to the row that took the place of one that is gone", () => {
    const without = room({ holders: keys(20).filter((key) => key !== "row2") });
    expect(settle(chosen, without).lists.holders).toMatchObject({ selected: "row3", index: 2 });
    expect(settle(chosen, room({ holders: [] })).lists.holders.selected).toBeNull();
  });

  test("does not change its state when nothing moved", () => {
    expect(settle(chosen, room())).toBe(chosen);
  });
});

describe("sorting", () => {
  test("goes through the columns both ways, each from its natural end", () => {
    expect(press(initialState, "sortNext").sort.holders).toEqual({ column: "rate", descending: true });
    expect(press(initialState, "sortNext", "sortNext").sort.holders).toEqual({ column: "pid", descending: false });
    expect(press(initialState, "sortPrevious").sort.holders).toEqual({ column: "pid", descending: false });
    expect(press(initialState, "reverse").sort.holders).toEqual({ column: "resident", descending: false });
  });

  test("belongs to the panel that has the focus", () => {
    const state = press(initialState, "panel3", "sortNext");
    expect(state.sort.splits.column).toBe("cause");
    expect(state.sort.holders.column).toBe("resident");
  });

  test("a column that does not exist is left by the next step", () => {
    const odd = { ...initialState, sort: { ...initialState.sort, holders: { column: "nonsense", descending: true } } };
    expect(press(odd, "sortNext").sort.holders.column).toBe("pid");
  });

  test("a click on a head sorts, another one turns it round; a head that does not exist does nothing", () => {
    const once = headClicked(initialState, "holders", "rate", room());
    expect(once.sort.holders).toEqual({ column: "rate", descending: true });
    expect(headClicked(once, "holders", "rate", room()).sort.holders.descending).toBe(false);
    expect(headClicked(once, "holders", "nonsense", room())).toBe(once);
  });
});

describe("the filter", () => {
  const type = (state: State, text: string) => [...text].reduce((now, ch) => typed(now, { ch, full: ch }), state);
  const editing = press(initialState, "filter");

  test("works while it is typed, Enter keeps it", () => {
    const done = typed(type(editing, "user:bob x"), { full: "enter" });
    expect(done).toMatchObject({ filter: "user:bob x", editing: null });
  });

  test("Esc takes back what was typed, to the filter before", () => {
    const before = press({ ...initialState, filter: "old" }, "filter");
    expect(typed(type(before, "er"), { full: "escape" })).toMatchObject({ filter: "old", editing: null });
  });

  test("backspace, C-w, C-u; backspace on nothing leaves", () => {
    expect(typed(type(editing, "ab世"), { full: "backspace" }).filter).toBe("ab");
    expect(typed(type(editing, "one two"), { full: "C-w" }).filter).toBe("one ");
    expect(typed(type(editing, "one two"), { full: "C-u" }).filter).toBe("");
    expect(typed(editing, { full: "backspace" }).editing).toBeNull();
  });

  test("takes no control characters, and not without end", () => {
    expect(typed(editing, { ch: "\x1b", full: "escape" }).filter).toBe("");
    expect(typed(editing, { ch: "\t", full: "tab" }).filter).toBe("");
    expect(type(editing, "x".repeat(200)).filter).toHaveLength(80);
  });

  test("Esc outside clears the filter first, then the selection", () => {
    const state = press({ ...initialState, filter: "x" }, "down", "back");
    expect(state).toMatchObject({ filter: "", lists: { holders: { selected: "row0" } } });
    expect(press(state, "back").lists.holders.selected).toBeNull();
  });
});

describe("sheets over the panels", () => {
  test("Enter opens the card of the selected row, or of the first", () => {
    expect(press(initialState, "open").overlay).toEqual({ kind: "card", panel: "holders", key: "row0", top: 0 });
    expect(press(initialState, "down", "down", "open").overlay).toMatchObject({ key: "row1" });
  });

  test("Enter on an empty list says so", () => {
    expect(press(initialState, "panel4", "open")).toMatchObject({ overlay: null, message: "nothing to open here" });
  });

  test("movement scrolls the sheet and stays inside; Esc closes; the selection behind it stays", () => {
    const open = press(initialState, "down", "open");
    expect(press(open, "down", "pageDown").overlay?.top).toBe(5);
    expect(press(open, "last").overlay?.top).toBe(10);
    expect(press(open, "up").overlay?.top).toBe(0);
    expect(press(open, "down", "back")).toMatchObject({ overlay: null, lists: { holders: { selected: "row0" } } });
  });

  test("a sheet that got shorter is scrolled back", () => {
    const far = press(initialState, "help", "last");
    expect(settle(far, { ...room(), overlayEnd: 2 }).overlay?.top).toBe(2);
  });

  test("? and e open and close", () => {
    expect(press(initialState, "help").overlay?.kind).toBe("help");
    expect(press(initialState, "help", "help").overlay).toBeNull();
    expect(press(initialState, "help", "evidence").overlay?.kind).toBe("evidence");
  });
});

test("grouping goes user, cgroup, none", () => {
  expect(press(initialState, "group").group).toBe("user");
  expect(press(initialState, "group", "group").group).toBe("cgroup");
  expect(press(initialState, "group", "group", "group").group).toBe("none");
});

test("the window stops at its ends", () => {
  expect(press(initialState, "shorter").windowSeconds).toBe(60);
  expect(press(initialState, "longer").windowSeconds).toBe(600);
  expect(press(initialState, "longer", "longer", "longer").windowSeconds).toBe(3600);
});

test("the mouse: a click selects, a click on the selected row opens", () => {
  const once = clicked(initialState, "holders", "row3", room());
  expect(once.lists.holders.selected).toBe("row3");
  expect(clicked(once, "holders", "row3", room()).overlay).toMatchObject({ key: "row3" });
  expect(clicked(initialState, "events", null, room()).focus).toBe("events");
});

test("space freezes and thaws", () => {
  expect(press(initialState, "freeze").frozen).toBe(true);
  expect(press(initialState, "freeze", "freeze").frozen).toBe(false);
});

test("when the log begins anew, what was chosen in it is gone; what was chosen elsewhere stays", () => {
  const before = press({ ...initialState, focus: "events" }, "down", "open");
  expect(before.overlay).toMatchObject({ kind: "card", panel: "events" });
  const after = forgetEvents({
    ...before,
    lists: { ...before.lists, holders: { selected: "row3", index: 3, top: 0 } },
  });
  expect(after.overlay).toBeNull();
  expect(after.lists.events.selected).toBeNull();
  expect(after.lists.holders.selected).toBe("row3");
});
