/** A picture of a message. Fetched when a message has one. */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { readBeginning } from "@/api/kept_files_api";
import { addressOf } from "@/api/root";
import { Dialog } from "@/ui/dialog";
import { pictureSize, type PictureSize } from "@/ui/picture_size";
import { useSeen } from "@/ui/use_seen";
import styles from "./parts.module.css";

/** A larger file is no picture for a conversation; it is there to be saved. */
const fileBytesMax = 8 * 1024 * 1024;
/** So many points a page can hold, four bytes each. */
const pointsMax = 40_000_000;
/** Before a picture, cameras put notes and a preview. */
const lookedAtBytes = 256 * 1024;

/** What the platform found to be a picture, of a size that can be shown; whatever the message calls it. */
async function lookAt(place: string, signal: AbortSignal): Promise<PictureSize | undefined> {
  const { type, size, bytes } = await readBeginning(place, lookedAtBytes, signal);
  if (size > fileBytesMax) return undefined;
  const found = pictureSize(type, bytes);
  return found && found.width * found.height <= pointsMax ? found : undefined;
}

export default function Picture({ name, place, onGrown }: { name: string; place: string; onGrown: () => void }) {
  const element = useRef<HTMLDivElement>(null);
  const seen = useSeen(element);
  const [size, setSize] = useState<PictureSize | undefined>();
  const [open, setOpen] = useState(false);

  useEffect(() => {
    if (!seen) return;
    const abort = new AbortController();
    // What cannot be shown can be saved, and that says why it cannot.
    lookAt(place, abort.signal).then(setSize, () => undefined);
    return () => abort.abort();
  }, [seen, place]);
  useLayoutEffect(onGrown, [size, onGrown]);

  const address = addressOf(place);
  return (
    <div ref={element} className={styles.picture_place}>
      {size && (
        <button type="button" className={styles.picture} aria-label={`Show ${name}`} onClick={() => setOpen(true)}>
          <img src={address} alt="" {...size} onError={() => setSize(undefined)} />
        </button>
      )}
      {open && size && (
        <Dialog open wide title={name} description={`${size.width} × ${size.height}`} onClose={() => setOpen(false)}>
          <img className={styles.picture_whole} src={address} alt={name} {...size} />
        </Dialog>
      )}
    </div>
  );
}
