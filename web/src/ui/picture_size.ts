/** How large a picture is, told by its first bytes: a few bytes may unfold to more than a page can hold. */
export interface PictureSize {
  width: number;
  height: number;
}

/** Reads the size of a PNG, GIF, WebP or JPEG; nothing when these bytes do not tell it. */
export function pictureSize(type: string, bytes: Uint8Array): PictureSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const size = readers[type]?.(view);
    return size && size.width > 0 && size.height > 0 ? size : undefined;
  } catch {
    // It ends before it is told.
    return undefined;
  }
}

const readers: Record<string, (view: DataView) => PictureSize | undefined> = {
  "image/png": (view) => (word(view, 12, 4) === "IHDR" ? { width: view.getUint32(16), height: view.getUint32(20) } : undefined),
  "image/gif": (view) => (word(view, 0, 4) === "GIF8" ? { width: view.getUint16(6, true), height: view.getUint16(8, true) } : undefined),
  "image/webp": webp,
  "image/jpeg": jpeg,
};

function word(view: DataView, at: number, length: number): string {
  return String.fromCharCode(...Array.from({ length }, (_, step) => view.getUint8(at + step)));
}

function webp(view: DataView): PictureSize | undefined {
  const three = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (word(view, 12, 4)) {
    case "VP8X":
      return { width: three(24) + 1, height: three(27) + 1 };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case "VP8 ":
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    default:
      return undefined;
  }
}

/** Frames tell the size; what stands before them, notes and previews, is stepped over. */
function jpeg(view: DataView): PictureSize | undefined {
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const mark = view.getUint8(at + 1);
    const isFrame = mark >= 0xc0 && mark <= 0xcf && mark !== 0xc4 && mark !== 0xc8 && mark !== 0xcc;
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += mark === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
}
