import { ApiError } from "./api_error";
import { refusal, request } from "./request";
import { addressOf } from "./root";
import type { Uploaded, UploadedFile, UploadLimits } from "./wire";

export const readUploadLimits = (signal?: AbortSignal): Promise<UploadLimits> => request<UploadLimits>("GET", "/uploads/limits", signal ? { signal } : {});

/**
 * Sends one file up, telling how much of it has gone (0 to 1); abort the signal to stop. By XMLHttpRequest: fetch does
 * not tell how far a body got.
 */
export function uploadFile(workspaceId: string, file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<UploadedFile> {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    const stop = () => sending.abort();
    signal.addEventListener("abort", stop);
    sending.open("POST", addressOf(`/workspaces/${encodeURIComponent(workspaceId)}/chat/uploads`));
    sending.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    sending.onloadend = () => {
      signal.removeEventListener("abort", stop);
      if (signal.aborted) return reject(new ApiError(0, "aborted", "Stopped."));
      if (sending.status === 0) return reject(new ApiError(0, "unreachable", "The connection broke off before the platform had it."));
      const answer = jsonIn(sending.responseText);
      const taken = (answer as Partial<Uploaded> | null)?.files?.[0];
      if (sending.status === 200 && taken) return resolve(taken);
      reject(refusal(sending.status, answer));
    };
    const form = new FormData();
    form.append("files", file, file.name);
    sending.send(form);
  });
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
