"""The public names of the published package of the same name, as programs written for it use them: what a program may
import, how it may be called, and which attributes it may read. Ours offers at least these."""

from __future__ import annotations

NAMES = ("RemoteAgentClient", "WorkspaceState", "PeerInfo", "A2AServer", "InboundMessage", "InboundSource",
         "InboundDelivery", "PollDelivery", "PushDelivery", "MessageHandler", "CursorLostError",
         "DEFAULT_POLL_INTERVAL", "compute_plugin_sha256", "verify_plugin_sha256", "__version__")

MODULES = {"client": ("RemoteAgentClient", "WorkspaceState", "PeerInfo", "make_idempotency_key",
                      "DEFAULT_GET_MAX_RETRIES"),
           "inbound": ("InboundMessage", "InboundSource", "InboundDelivery", "PollDelivery", "PushDelivery",
                       "MessageHandler", "CursorLostError", "DEFAULT_POLL_INTERVAL"),
           "a2a_server": ("A2AServer",)}

SIGNATURES = {
    "RemoteAgentClient": "workspace_id, platform_url, agent_card=None, reported_url='', token_dir=None, "
                         "heartbeat_interval=30.0, state_poll_interval=30.0, url_cache_ttl=300.0, session=None, "
                         "org_id='', origin=''",
    "RemoteAgentClient.register": "",
    "RemoteAgentClient.pull_secrets": "",
    "RemoteAgentClient.poll_state": "",
    "RemoteAgentClient.heartbeat": "current_task='', active_tasks=0, error_rate=0.0, sample_error=''",
    "RemoteAgentClient.get_peers": "",
    "RemoteAgentClient.discover_peer": "target",
    "RemoteAgentClient.invalidate_peer_url": "target",
    "RemoteAgentClient.call_peer": "target, message, prefer_direct=True",
    "RemoteAgentClient.fetch_inbound": "since_id=None, limit=100, type='a2a_receive', peer_id=None, before_ts=None",
    "RemoteAgentClient.reply": "message, text",
    "RemoteAgentClient.delegate": "task, target_id, idempotency_key=None, timeout=300.0",
    "RemoteAgentClient.install_plugin": "name, source=None, run_setup_sh=True, report_to_platform=True",
    "RemoteAgentClient.run_heartbeat_loop": "max_iterations=None, task_supplier=None",
    "RemoteAgentClient.run_agent_loop": "handler, delivery=None, max_iterations=None, task_supplier=None",
    "RemoteAgentClient.load_token": "",
    "RemoteAgentClient.save_token": "token",
    "WorkspaceState": "workspace_id, status, paused, deleted",
    "PeerInfo": "id, name, url, role='', tier=2, status='unknown', agent_card={}",
    "InboundMessage": "activity_id, source, source_id, text, raw={}, peer_name='', peer_role='', agent_card_url=''",
    "PollDelivery": "client, interval=5.0, type='a2a_receive', limit=100, cursor_file=None",
    "PollDelivery.run_once": "handler",
    "PollDelivery.stop": "",
    "PushDelivery": "client, server",
    "PushDelivery.run_once": "handler",
    "PushDelivery.stop": "",
    "InboundDelivery.run_once": "handler",
    "InboundDelivery.stop": "",
    "A2AServer": "agent_id, inbound_url, message_handler, host='0.0.0.0', port=0",
    "A2AServer.start_in_background": "",
    "A2AServer.stop": "timeout=5",
    "compute_plugin_sha256": "plugin_dir",
    "verify_plugin_sha256": "plugin_dir, expected",
    "client.make_idempotency_key": "task_text",
}

CLIENT_ATTRIBUTES = ("workspace_id", "platform_url", "agent_card", "reported_url", "token_file", "plugins_dir")
STATE_ATTRIBUTES = ("workspace_id", "status", "paused", "deleted", "should_stop")
PEER_ATTRIBUTES = ("id", "name", "url", "role", "tier", "status", "agent_card")
MESSAGE_ATTRIBUTES = ("activity_id", "source", "source_id", "text", "raw", "peer_name", "peer_role", "agent_card_url")
SOURCES = ("canvas_user", "peer_agent", "unknown")

CLIENT_METHODS = tuple(name.partition(".")[2] for name in SIGNATURES if name.startswith("RemoteAgentClient."))
