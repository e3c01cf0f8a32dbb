import { now } from "@/ui/clock";

/** Files of a clipboard that are meant as files. Tables and texts bring a picture of themselves along: those are texts. */
export function pastedFiles(data: Pick<DataTransfer, "types" | "files">): File[] {
  const isFormattedText = data.types.includes("text/plain") && data.types.includes("text/html");
  return isFormattedText ? [] : [...data.files].map((file) => named(file, new Date(now())));
}

/** Pictures that are pasted are all called the same; they get their time instead. */
function named(file: File, at: Date): File {
  if (file.name !== "image.png" && file.name !== "") return file;
  const stamp = at.toISOString().replaceAll(/[:T]/g, "-").slice(0, 19);
  return new File([file], `pasted-${stamp}.${file.type.split("/")[1] ?? "bin"}`, { type: file.type });
}

/** Files begin to be sent once what sends them is here; a failure to fetch it is told. */
export async function attachFiles(workspaceId: string, files: readonly File[], onFailure: (why: string) => void): Promise<void> {
  if (files.length === 0) return;
  try {
    const { attach } = await import("./attaching");
    await attach(workspaceId, files);
  } catch {
    onFailure("What sends files could not be fetched. Is the platform running?");
  }
}
