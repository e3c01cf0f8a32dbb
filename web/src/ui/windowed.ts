/** Which rows of a long list are drawn, and how much room the others take. Rows are equally high, but for one that is open. */
export interface Windowed {
  from: number;
  /** Behind the last. */
  to: number;
  before: number;
  after: number;
}

export interface ListLook {
  count: number;
  /** Of a row, in pixels. */
  row: number;
  /** Of the open one, how much it is higher. */
  open?: { at: number; extra: number } | undefined;
  /** How far the beginning of the list is above the view, and how high that is. */
  top: number;
  height: number;
}

/** Rows drawn beyond the view on each side, so that who scrolls or goes on by keys meets them. */
export const rowsBeyond = 12;

export function windowOf({ count, row, open, top, height }: ListLook): Windowed {
  const beginOf = (index: number) => index * row + (open && index > open.at ? open.extra : 0);
  const indexAt = (y: number) => {
    if (!open || y < beginOf(open.at) + row) return Math.floor(y / row);
    return Math.max(open.at, Math.floor((y - open.extra) / row));
  };
  const clamp = (index: number) => Math.min(count, Math.max(0, index));
  const from = clamp(indexAt(Math.max(0, top)) - rowsBeyond);
  const to = clamp(indexAt(Math.max(0, top + height)) + 1 + rowsBeyond);
  return { from, to, before: beginOf(from), after: beginOf(count) - beginOf(to) };
}
