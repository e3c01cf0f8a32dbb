import { useCallback, useMemo, useState, type UIEvent } from "react";
import type { Workspace } from "@/api/workspace";
import { answersApart, askedFor, emptyThread, openTurns } from "@/model/chat";
import { threadOf, threadsStore } from "@/model/chat_store";
import { Button } from "@/ui/button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { useSame } from "@/ui/use_same";
import { Composer } from "./composer";
import { DropArea } from "./drop_area";
import { GrowingMessage } from "./growing_message";
import { MessageRun, type Around } from "./message_run";
import { runsOf } from "./runs";
import { useFollow } from "./use_follow";
import { useStandings } from "./standings";
import { useHistory } from "./use_history";
import { useLetters } from "./use_letters";
import { Waiting } from "./waiting";
import styles from "./chat.module.css";

/** Who reads this near to the first message that is here gets those before it. */
const nearBeginning = 400;

export function MyChat({ workspace }: { workspace: Workspace }) {
  const thread = useSelected(threadsStore, (threads) => threads.get(workspace.id) ?? emptyThread);
  const history = useHistory(workspace.id);
  const open = openTurns(thread.messages);
  const turn = open.at(-1);
  useStandings(workspace.id, open);
  const asking = useSame(useMemo(() => askedFor(thread.messages), [thread.messages]));
  /** Person's messages whose answer is the platform's word that there is none. */
  const refused = useSame(useMemo(() => new Set(thread.messages.flatMap(({ role, replyTo }) => (role === "system" && replyTo ? [replyTo] : []))), [thread.messages]));
  const apart = useSame(useMemo(() => answersApart(thread.messages), [thread.messages]));
  const letters = useSame(useLetters(workspace.id, refused.size > 0));
  const content = useMemo(() => ({ thread, loading: history.loading }), [thread, history.loading]);
  const { list, onScroll, follow } = useFollow(thread.messages[0]?.id, content);
  const { more, loading, loadOlder } = history;
  const onRead = useCallback(
    (event: UIEvent<HTMLDivElement>) => {
      onScroll(event);
      if (event.currentTarget.scrollTop < nearBeginning && more && !loading) loadOlder();
    },
    [onScroll, more, loading, loadOlder],
  );
  const [firsts, setFirsts] = useState<ReadonlySet<string>>(new Set());
  const first = thread.messages[0]?.id;
  if (first !== undefined && !firsts.has(first)) setFirsts(new Set([...firsts, first]));
  const runs = useMemo(() => runsOf(thread.messages, firsts), [thread.messages, firsts]);
  const { id: workspaceId, name: workspaceName } = workspace;
  const around = useMemo(
    (): Around => ({
      workspaceId,
      workspaceName,
      refused,
      letters,
      asking,
      apart,
      failedOf: ({ replyTo }) => threadOf(threadsStore.get(), workspaceId).messages.find((each) => each.id === replyTo),
      onFormatted: follow,
    }),
    [workspaceId, workspaceName, refused, letters, asking, apart, follow],
  );

  const empty = thread.messages.length === 0;
  return (
    <DropArea workspace={workspace}>
      <div
        ref={list}
        className={styles.scroll}
        role="log"
        aria-label={`Conversation with ${workspace.name}`}
        tabIndex={0}
        onScroll={onRead}
      >
        {history.error !== undefined && <Failure text={`The conversation could not be read: ${history.error}`} onRetry={history.reload} />}
        {empty && history.loading && <Loading text="Reading the conversation…" />}
        {empty && !history.loading && history.error === undefined && (
          <Empty title="No messages yet">
            Write to {workspace.name}. The conversation is kept on the platform and is here again after a reload.
          </Empty>
        )}
        {!empty && history.more && (
          <Button tone="ghost" onClick={history.loadOlder} disabled={history.loading}>
            {history.loading ? "Loading…" : "Load older messages"}
          </Button>
        )}
        {history.full && <p className={styles.day}>Older messages are in Activity, from where a conversation this long is read.</p>}
        {runs.map((run, index) => (
          <MessageRun key={run[0]?.id} messages={run} after={runs[index - 1]?.at(-1)?.at} around={around} />
        ))}
        {open.map(({ id }) => (
          <GrowingMessage key={id} id={id} onGrown={follow} />
        ))}
        {turn && <Waiting turn={turn} log={thread.log} workspace={workspace} />}
      </div>
      <Composer key={workspace.id} workspace={workspace} />
    </DropArea>
  );
}
