/** The last reversible things a person did, newest last. */
interface Step {
  label: string;
  back: () => void;
}

export const undoMax = 20;
const steps: Step[] = [];

/** Remembers how to take something back; answers with a function that does so once, from wherever it is called first. */
export function remembered(label: string, back: () => void): () => void {
  const step: Step = { label, back };
  steps.push(step);
  if (steps.length > undoMax) steps.shift();
  return () => {
    const index = steps.indexOf(step);
    if (index < 0) return;
    steps.splice(index, 1);
    back();
  };
}

/** Takes the newest step back; its label, or undefined when there is none. */
export function undoLast(): string | undefined {
  const step = steps.pop();
  step?.back();
  return step?.label;
}
