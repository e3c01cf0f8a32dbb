import { Fragment, useMemo } from "react";
import type { Workspace } from "@/api/workspace";
import { answersApart, askedFor, emptyThread, openTurns } from "@/model/chat";
import { threadsStore } from "@/model/chat_store";
import { Button } from "@/ui/button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { dayName } from "@/ui/time";
import { Composer } from "./composer";
import { DropArea } from "./drop_area";
import { GrowingMessage } from "./growing_message";
import { Message } from "./message";
import { useFollow } from "./use_follow";
import { useStandings } from "./standings";
import { useHistory } from "./use_history";
import { useLetters } from "./use_letters";
import { Waiting } from "./waiting";
import styles from "./chat.module.css";

export function MyChat({ workspace }: { workspace: Workspace }) {
  const thread = useSelected(threadsStore, (threads) => threads.get(workspace.id) ?? emptyThread);
  const history = useHistory(workspace.id);
  const open = openTurns(thread.messages);
  const turn = open.at(-1);
  useStandings(workspace.id, open);
  const asking = useMemo(() => askedFor(thread.messages), [thread.messages]);
  /** Person's messages whose answer is the platform's word that there is none. */
  const refused = useMemo(() => new Set(thread.messages.flatMap(({ role, replyTo }) => (role === "system" && replyTo ? [replyTo] : []))), [thread.messages]);
  const apart = useMemo(() => answersApart(thread.messages), [thread.messages]);
  const letters = useLetters(workspace.id, refused.size > 0);
  const content = useMemo(() => ({ thread, loading: history.loading }), [thread, history.loading]);
  const { list, onScroll, follow } = useFollow(thread.messages[0]?.id, content);

  const empty = thread.messages.length === 0;
  return (
    <DropArea workspace={workspace}>
      <div
        ref={list}
        className={styles.scroll}
        role="log"
        aria-label={`Conversation with ${workspace.name}`}
        tabIndex={0}
        onScroll={onScroll}
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
        {thread.messages.map((message, index) => {
          const day = dayName(message.at);
          const before = thread.messages[index - 1];
          return (
            <Fragment key={message.id}>
              {(!before || dayName(before.at) !== day) && <div className={styles.day}>{day}</div>}
              <Message
                message={message}
                workspaceId={workspace.id}
                workspaceName={workspace.name}
                refused={refused.has(message.id)}
                letter={message.rowId === undefined ? undefined : letters.get(message.rowId)}
                asks={asking.has(message.id)}
                question={apart.get(message.id)}
                onFormatted={follow}
                failed={message.role === "system" ? thread.messages.find((each) => each.id === message.replyTo) : undefined}
              />
            </Fragment>
          );
        })}
        {open.map(({ id }) => (
          <GrowingMessage key={id} id={id} onGrown={follow} />
        ))}
        {turn && <Waiting turn={turn} log={thread.log} workspace={workspace} />}
      </div>
      <Composer key={workspace.id} workspace={workspace} />
    </DropArea>
  );
}
