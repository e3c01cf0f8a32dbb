import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton } from "./button";
import { copyText } from "./clipboard";
import { toast } from "./toast";

const shownMs = 1500;

interface CopyButtonProps {
  text: string;
  /** What is copied, for the button's name: "Copy token". */
  what: string;
  onCopied?: () => void;
  /** Shows the word beside the icon. */
  labelled?: boolean;
}

export function CopyButton({ text, what, onCopied, labelled }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);
  async function copy() {
    if (await copyText(text)) {
      setCopied(true);
      onCopied?.();
    } else toast("error", "The browser refused the clipboard. Select the text and copy it by hand.");
  }
  const icon = copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />;
  if (labelled)
    return (
      <Button onClick={copy} aria-label={copied ? "Copied" : `Copy ${what}`}>
        {icon} {copied ? "Copied" : "Copy"}
      </Button>
    );
  return (
    <IconButton small label={copied ? "Copied" : `Copy ${what}`} onClick={copy}>
      {icon}
    </IconButton>
  );
}
