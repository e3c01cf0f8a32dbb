import { Fragment, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import type { Workspace } from "@/api/workspace";
import { emptyThread, openTurn } from "@/model/chat";
import { threadsStore } from "@/model/chat_store";
import { Button } from "@/ui/button";
import { Empty, Failure, Loading } from "@/ui/notice";
import { useSelected } from "@/ui/store";
import { dayName } from "@/ui/time";
import { Composer } from "./composer";
import { Message } from "./message";
import { useHistory } from "./use_history";
import { Waiting } from "./waiting";
import styles from "./chat.module.css";

/** Scrolled this near to the end, the list follows new messages. */
const nearEnd = 120;

export function MyChat({ workspace }: { workspace: Workspace }) {
  const thread = useSelected(threadsStore, (threads) => threads.get(workspace.id) ?? emptyThread);
  const history = useHistory(workspace.id);
  const turn = openTurn(thread);
  const scroll = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const toEnd = useRef(0);
  const first = thread.messages[0]?.id;

  const follow = useCallback(() => {
    const list = scroll.current;
    if (list && following.current) list.scrollTop = list.scrollHeight;
  }, []);
  useEffect(follow, [follow, thread, history.loading]);

  // Older messages arrive above what is being read, which stays where it is.
  useLayoutEffect(() => {
    const list = scroll.current;
    if (list && !following.current) list.scrollTop = list.scrollHeight - toEnd.current;
  }, [first]);

  const empty = thread.messages.length === 0;
  return (
    <>
      <div
        ref={scroll}
        className={styles.scroll}
        role="log"
        aria-label={`Conversation with ${workspace.name}`}
        tabIndex={0}
        onScroll={({ currentTarget: list }) => {
          toEnd.current = list.scrollHeight - list.scrollTop;
          following.current = toEnd.current - list.clientHeight < nearEnd;
        }}
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
                onFormatted={follow}
                failed={message.role === "system" ? thread.messages.find((each) => each.id === message.replyTo) : undefined}
              />
            </Fragment>
          );
        })}
        {turn && <Waiting turn={turn} log={thread.log} workspace={workspace} />}
      </div>
      <Composer key={workspace.id} workspace={workspace} />
    </>
  );
}
