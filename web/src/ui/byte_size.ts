const units = ["bytes", "KB", "MB", "GB"];

/** A size as file managers tell it: 340 bytes, 12.4 KB. */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const shown = unit === 0 || value >= 100 ? Math.round(value).toString() : value.toFixed(1);
  return `${shown} ${bytes === 1 ? "byte" : (units[unit] ?? "")}`;
}
