#include "app/serve.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "app/banner.h"
#include "app/belongings.h"
#include "app/canvas_assets.h"
#include "app/config_check.h"
#include "app/demo.h"
#include "app/lane.h"
#include "app/migrations.h"
#include "app/ports.h"
#include "app/serve_settings.h"
#include "app/system.h"
#include "platform/blobs/directory_store.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/key_file.h"
#include "platform/files/files.h"
#include "platform/io/cautious_clock.h"
#include "platform/log/log.h"
#include "platform/process/environment.h"
#include "platform/sql/store_mark.h"
#include "server/activity/activity_service.h"
#include "server/agent_files/agent_files_service.h"
#include "server/attachments/attachments_service.h"
#include "server/auth/admin_token.h"
#include "server/auth/auth_service.h"
#include "server/auth/gate.h"
#include "server/auth/keep.h"
#include "server/auth/rules.h"
#include "server/cancellations/cancellations_service.h"
#include "server/cards/cards_service.h"
#include "server/dead_letters/dead_letters_service.h"
#include "server/delegations/delegations_service.h"
#include "server/events/events_service.h"
#include "server/grpc/grpc_service.h"
#include "server/keys/keys_service.h"
#include "server/layout/viewport_service.h"
#include "server/mcp_endpoint/mcp_endpoint_service.h"
#include "server/provision/provision_service.h"
#include "server/proxy/push_link.h"
#include "server/proxy/told.h"
#include "server/push_notifications/push_notifications_service.h"
#include "server/push_notifications/sender.h"
#include "server/relay/polls.h"
#include "server/relay/relay_link.h"
#include "server/secrets/inbound.h"
#include "server/secrets/secrets_service.h"
#include "server/streams/streams.h"
#include "server/tasks/tasks_service.h"
#include "server/tickets/tickets_service.h"
#include "server/workspaces/workspaces_service.h"

namespace molecule::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto drain_for = 25s;  // For requests under way when the platform is told to stop.

void log_failure(std::string_view name, std::exception_ptr failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& problem) {
    log::error("background work failed", log::field("name", name),
               log::field("error", problem.what()));
  }
}

// Runs `step` every `period` until cancelled; a failure is logged and the next turn tries again.
io::Task<void> every(std::chrono::milliseconds period, std::string_view name,
                     std::function<io::Task<void>()> step) {
  for (;;) {
    co_await io::sleep(period);
    std::exception_ptr failure;
    try {
      io::Task<void> turn = step();
      co_await turn;
    } catch (const Fault& fault) {
      if (fault.kind() == Kind::cancelled) throw;
      failure = std::current_exception();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) log_failure(name, failure);
  }
}

// Nobody knows what a commit left that the store was lost in, until the store is back.
io::Task<void> catch_up(const sql::Database& db, events::Log& log, std::uint64_t& known) {
  const std::uint64_t unknown = db.unknown_commits();
  if (unknown == known || !db.healthy()) co_return;
  co_await log.catch_up();
  known = unknown;
}

// What the platform knows of credentials and presence is out of date then, so it serves nobody.
io::Task<void> stop_when_taken_over(const sql::Database& db, io::Stop& stop) {
  if (db.taken_over()) stop.request();
  co_return;
}

// What SIGHUP changes: the certificate. Everything else is read once, at start.
io::Task<void> reload_when_asked(io::Reload& reload, net::TlsServer* tls) {
  for (;;) {
    co_await reload.requested();
    if (!tls) {
      log::info("asked to reload: there is nothing to, settings are read at start");
      continue;
    }
    try {
      tls->reload();
      log::info("reloaded", log::field("what", "tls-cert, tls-key"));
    } catch (const Fault& fault) {
      log::error("not reloaded, the old certificate stays", log::field("what", "tls-cert, tls-key"),
                 log::field("error", fault.text()));
    }
  }
}

// All at once: while one waits for its requests, none may still accept new ones.
io::Task<void> drain_all(std::vector<std::unique_ptr<Lane>>& lanes, io::Loop& here,
                         std::chrono::seconds within) {
  io::Scope draining(here, log_failure);
  for (auto& lane : lanes) draining.spawn("drain", lane->drain(within));
  co_await draining.join();
}

// The platforms of one host have different names, the replicas of one platform the same: what all
// of a platform share and no other has is its sealing key. A key's id is no secret.
std::string session_cookie(const crypto::Keyring& keyring) {
  return fmt::format("{}_{}", auth::Sessions::cookie_prefix,
                     crypto::hex_encode(keyring.keys().front().id()));
}

// What is there of an earlier run is read before anything is changed.
void require_readable(const Config& config, const Belongings& belongings, io::Random& random) {
  if (config.text("secrets-encryption-key").empty() && fs::exists(belongings.sealing_key()))
    crypto::load_keys(belongings.sealing_key());
  belongings.found_key();
  if (config.text("admin-token").empty() && fs::exists(belongings.admin_token()))
    auth::load_or_create_admin_token({}, belongings.admin_token(), random);
  sql::StoreMark::read(belongings.mark());
}

// One port, served by all lanes, which take connections in turn.
std::uint16_t listen_on_all(std::vector<std::unique_ptr<Lane>>& lanes, const http::Router& router,
                            const http::Settings& settings, metrics::Registry& registry,
                            const net::TlsServer* tls) {
  std::uint16_t port = 0;
  for (auto& lane : lanes) {
    Lane* const first = &lane == &lanes.front() ? nullptr : lanes.front().get();
    port = lane->listen(router, settings, registry, first, tls);
  }
  for (auto& lane : lanes) lane->serve();
  return port;
}

io::Task<void> plane(const Config& config, World world, Lane& first,
                     std::vector<std::unique_ptr<Lane>>& lanes, sql::Database& db,
                     sql::StoreMark& mark, metrics::Registry& registry, io::Stop& stop,
                     io::Reload& reload, const std::function<void(const Ready&)>& on_ready,
                     const std::function<void()>& on_stop) {
  const bool dev = config.flag("dev");
  const fs::path data = config.text("data");
  const Belongings belongings(config);
  const Address address = *parse_address(config.text("listen"));

  // Of what is ended or deleted for good by its age.
  const io::CautiousClock cautious(world.clock);

  // What happened, and who is told.
  events::Log log(db, world.clock);
  co_await log.open();
  log.on_published([&mark, &log] { mark.raise(log.newest()); });
  std::vector<io::Loop*> loops;
  for (auto& lane : lanes) loops.push_back(&lane->loop());
  events::Hubs hubs(log, loops);

  // Who exists and who asks.
  workspaces::Directory directory;
  std::atomic<bool> listening = false;
  // What is held open with a credential ends with it.
  auto review = [&lanes, &listening] {
    if (!listening.load(std::memory_order_acquire)) return;
    for (auto& lane : lanes) lane->review();
  };
  auth::Tokens tokens(db, world.clock, world.random, directory, log);
  crypto::Keyring keyring = crypto::load_or_create_keys(
      belongings.sealing_key(), config.text("secrets-encryption-key"), world.random);
  const crypto::SigningKey own_key = belongings.own_key(world.random);
  auth::Sessions sessions(db, world.clock, world.random, log, session_cookie(keyring));
  auth::Keys org_keys(db, world.clock, world.random, log);
  tokens.on_ended(review);
  sessions.on_ended(review);
  org_keys.on_ended(review);
  for (facts::Projection* projection :
       std::initializer_list<facts::Projection*>{&directory, &tokens, &sessions, &org_keys})
    log.join(*projection);
  auth::Claims claims(world.clock, world.random);
  auth::Limits limits(limit_settings(config));
  Secret admin_text = auth::load_or_create_admin_token(config.text("admin-token"),
                                                       belongings.admin_token(), world.random);
  auth::AdminToken admin(admin_text);

  // The way out: agents' addresses, checked.
  net::SystemResolver resolver(world.clock);
  net::Dialer dialer(dial_settings(config), resolver, registry);
  for (auto& lane : lanes) lane->connect(dialer, registry);

  // Things that exist.
  secrets::KeySettings key_settings{belongings.sealing_key(),
                                    !config.text("secrets-encryption-key").empty()};
  secrets::Vault vault(db, world.random, std::move(keyring), key_settings);
  co_await vault.require_keys(config.flag("begin-anew"));
  co_await belongings.note_keys(db, own_key.public_key());
  secrets::Service secrets(db, log, directory, world.clock, vault);
  secrets::Inbound inbound(world.clock, world.random, vault, log);
  log.join(inbound);
  UrlsByDialer urls(dialer);
  presence::Limits presence_limits;
  presence_limits.silent_after = std::chrono::seconds(config.number("offline-after"));
  presence_limits.late_after = presence_limits.silent_after * 2 / 3;
  presence::Roster roster(world.clock, presence_limits);
  messages::Mailboxes mailboxes;
  messages::Ledger ledger(cautious, world.random, mailboxes);
  activity::Feed feed(log, directory, world.clock);
  streams::Streams streams(db, ledger, cautious);
  proxy::Told told(log);
  delegations::Outcomes outcomes(log, feed, world.clock);
  tasks::Tasks agents_tasks(world.clock);
  cancellations::Cancellations cancellations(ledger, agents_tasks, world.clock);
  dead_letters::Letters letters(world.clock);
  secrets::Kept kept(vault);
  push_notifications::Outbox outbox(cautious, world.random, kept);
  attachments::Mentions mentions(world.clock);
  feed.join(mentions);
  for (messages::Follower* follower :
       std::initializer_list<messages::Follower*>{&feed, &streams, &agents_tasks, &cancellations,
                                                  &letters, &told, &outcomes, &outbox, &mentions})
    ledger.join(*follower);
  workspaces::Settings workspace_settings;
  workspace_settings.external_platform_url = config.text("platform-url");
  ActivityDeparture activity_departure(ledger, feed);
  LaterDepartures later_departures;
  workspaces::Ports workspace_ports{
      roster,  urls,   secrets,
      inbound, tokens, {&secrets, &inbound, &activity_departure, &later_departures}};
  workspaces::Service workspace_service(db, log, directory, world.clock, world.random,
                                        workspace_ports, workspace_settings);

  tickets::AgentKeys agent_keys(log);
  log.join(agent_keys);
  tickets::Service ticket_service({db, log, workspace_service, tokens, org_keys, limits, agent_keys,
                                   own_key, world.clock, world.random},
                                  workspace_settings);
  later_departures.join(agent_keys);
  later_departures.join(ticket_service);
  later_departures.join(mentions);
  later_departures.join(outbox);

  // Things that happen to them.
  io::Aside aside;
  proxy::Settings proxy_settings;
  proxy_settings.hops_max = config.number("hops-max");
  proxy_settings.edge_rate = static_cast<std::uint32_t>(config.number("edge-rate"));
  proxy::PushLink push(inbound, aside, proxy_settings);
  PlacesByAddress file_places;
  push.tell_places(file_places);
  relay::Relays relays;
  relay::RelayLink relay_link(relays, push);
  const std::array<proxy::Link*, 2> links{&relay_link, &push};
  proxy::Service proxy(db, ledger, mailboxes, directory, links, streams, aside, world.clock,
                       world.random, registry, proxy_settings);
  for (auto& lane : lanes) proxy.add_lane({&lane->loop(), &lane->client(), &lane->scope()});
  MailboxesByProxy capacity(proxy);
  presence::Settings presence_settings;
  presence_settings.register_creates = dev;
  RelayKeys relay_keys(own_key, agent_keys);
  RelayedByRelays relayed(relays, relay_keys);
  presence::DirectCalls direct_calls(own_key, world.clock, world.random);
  presence::Service presence(db, log, workspace_service, urls, tokens, inbound, roster, capacity,
                             relayed, direct_calls, presence_settings, registry);
  later_departures.join(presence);
  RelayListeners relay_listeners(roster, proxy, directory, world.clock);
  relay::Service relay(relays, relay_keys, relay_listeners, world.clock, world.random, registry);
  for (auto& lane : lanes) {
    relay.add_lane({&lane->loop(), &lane->scope(), [&lane](std::unique_ptr<net::Stream> stream) {
                      return lane->serve(std::move(stream));
                    }});
  }
  later_departures.join(relay);
  relay::Polls relay_polls(relay, world.clock, world.random);
  blobs::DirectoryStore blobs(belongings.attachments());
  attachments::Keeper keeper(blobs);
  attachments::Service attachments(db, feed, directory, keeper, cautious, world.random, registry,
                                   attachment_settings(config));
  co_await attachments.begin();
  activity::Service activity(db, log, feed, ledger, mailboxes, directory, hubs, cautious);
  cards::Service cards(directory, config.text("platform-url"), own_key);
  tasks::Service tasks(db, ledger, agents_tasks, streams, proxy, cards, aside, world.clock);
  grpc::Service grpc(tasks, aside);
  push_notifications::Service push_notifications(db, outbox, dialer);
  tasks.offer(push_notifications);
  tasks::Inquiries inquiries(db, tasks, directory, first.loop(), world.clock);
  for (tasks::Waiting* waiting : std::initializer_list<tasks::Waiting*>{&outbox, &outcomes}) {
    tasks.join(*waiting);
    inquiries.join(*waiting);
  }
  proxy.on_late_answer(
      [&outcomes](sql::Tx& tx, const messages::Message& message, const a2a::Answer& answer) {
        return outcomes.answered_late(tx, message, answer);
      });
  proxy.on_stream_end(
      [&tasks](http::BodyWriter& out, proxy::Service::Following reading, bool told) {
        return tasks.go_on_with(out, std::move(reading), told);
      });
  agents_tasks.on_going_on([&inquiries](std::int64_t message) { inquiries.ask_about(message); });
  push_notifications::Sender push_sender({db, outbox, feed, tasks, inquiries, own_key, world.clock},
                                         first.loop(), first.client(), config.text("platform-url"),
                                         registry);
  tasks.on_untold(
      [&cancellations](sql::Tx& tx, std::int64_t message) { cancellations.tell(tx, message); });
  cancellations::Service canceling(db, cancellations, ledger, agents_tasks, proxy, world.clock,
                                   first.loop(), registry);
  dead_letters::Service dead_letters(db, ledger, feed, proxy, aside, world.clock, world.random);
  for (auto& lane : lanes) dead_letters.add_scope(lane->scope());
  delegations::Service delegations({db, log, feed, ledger, outcomes, cancellations, proxy,
                                    directory, hubs, cautious, world.random});
  for (auto& lane : lanes) delegations.add_scope(lane->scope());
  mcp_endpoint::Service mcp_endpoint(
      {presence, workspace_service, delegations, activity, attachments, directory, world.random,
       config.flag("mcp-send-message")},
      aside, registry);
  provision::Service provision(
      {db, log, workspace_service.table(), tokens, secrets, directory, world.clock, world.random},
      first.loop(), registry, agent_settings(config));
  workspace_service.start_with(provision);
  later_departures.join(provision);
  agent_files::Service agent_files(provision, registry);
  layout::Service layout(db, world.clock);
  events::Followers followers(registry);
  events::Service events(db, log, directory, directory, hubs, followers, world.clock);
  auth::Service auth_service(
      {db, tokens, sessions, org_keys, claims, limits, directory, world.clock},
      dev ? auth::Profile::development : auth::Profile::production,
      claim_command(fs::absolute(data).lexically_normal().string()));

  workspace_service.when_ids_are_shown([&org_keys](sql::Tx& tx) { return org_keys.shows_ids(tx); });
  org_keys.on_shown([&table = workspace_service.table()](sql::Tx& tx) { table.close_claims(tx); });
  keys::Service key_service({db, log, org_keys, limits, world.clock});
  keys::TokenTeller token_teller(log);
  auth_service.join(token_teller);
  org_keys.join(key_service);
  org_keys.join(ticket_service);

  // State from before the restart.
  co_await log.load();
  co_await workspace_service.load();
  co_await presence.load();
  co_await proxy.recover();
  co_await push_sender.load();
  co_await inquiries.load();

  // The way in.
  auth::GateParts gate_parts{tokens,    sessions, org_keys,    admin,
                             directory, limits,   world.clock, registry};
  http::Settings http = http_settings(config, address);
  const http::Site site(http.address, http.hosts, http.cors_origins);
  std::unique_ptr<http::Gate> gate;
  if (dev) {
    gate = std::make_unique<auth::DevGate>(gate_parts, site);
  } else {
    gate = std::make_unique<auth::Gate>(gate_parts, site);
  }
  System system(db, registry, world.clock, sessions.cookie(), own_key.public_key());
  system.ready_when([&] { return proxy.knows(); });
  http::Router router(*gate);
  router.read_aside(aside);
  router.mount(system_routes, system);
  router.mount(auth::routes, auth_service);
  router.mount(keys::routes, key_service);
  router.mount(workspaces::routes, workspace_service);
  router.mount(presence::routes, presence);
  router.mount(secrets::routes, secrets);
  router.mount(tickets::routes, ticket_service);
  router.mount(activity::routes, activity);
  router.mount(attachments::routes, attachments);
  router.mount(proxy::routes, proxy);
  router.mount(relay::routes, relay);
  router.mount(relay::poll_routes, relay_polls);
  router.mount(tasks::routes, tasks);
  router.mount(grpc::routes, grpc);
  router.mount(dead_letters::routes, dead_letters);
  router.mount(cards::routes, cards);
  router.mount(delegations::routes, delegations);
  router.mount(mcp_endpoint::routes, mcp_endpoint);
  router.mount(provision::routes, provision);
  router.mount(agent_files::routes, agent_files);
  router.mount(layout::routes, layout);
  router.mount(events::routes, events);
  router.fallback(canvas_response);
  auth::require_known_classes(router.all());
  system.describe(router.all());

  std::unique_ptr<net::TlsServer> tls = certificate(config);

  // What goes on by itself.
  io::Scope background(first.loop(), log_failure);
  auto days = [&](std::string_view name) { return std::chrono::hours(24 * config.number(name)); };
  background.spawn("reload", reload_when_asked(reload, tls.get()));
  background.spawn("presence", presence.run());
  background.spawn("mailboxes", every(1s, "mailboxes", [&] { return proxy.sweep(); }));
  background.spawn("push notifications", push_sender.run(background));
  background.spawn("inquiries", inquiries.run(background));
  background.spawn("cancels", canceling.run(background));
  background.spawn("relays", every(1s, "relays", [&] { return relay.sweep(); }));
  background.spawn("feed", every(100ms, "feed", [&] { return activity.fill(); }));
  background.spawn("purges", every(1s, "purges", [&] { return activity.purge(); }));
  background.spawn("log",
                   every(1s, "log", [&, known = db.unknown_commits()]() mutable -> io::Task<void> {
                     return catch_up(db, log, known);
                   }));
  background.spawn("store", every(100ms, "store", [&] { return stop_when_taken_over(db, stop); }));
  background.spawn("credentials", auth::keep(tokens, sessions, org_keys));
  background.spawn("attachments", every(15s, "attachments", [&] { return attachments.sweep(); }));
  background.spawn("retention", every(10min, "retention", [&]() -> io::Task<void> {
                     co_await activity.prune(days("activity-retention-days"), 60s);
                     co_await streams.prune(1h);
                     co_await push_notifications.prune();
                     co_await ticket_service.prune();
                     co_await delegations.prune(days("activity-retention-days"), 60s);
                     co_await log.prune(cautious.now() - days("log-retention-days"), 60s);
                   }));
  for (auto& lane : lanes) {
    if (lane.get() != &first) lane->start_thread();
  }

  // From here on requests are answered, until somebody asks to stop or something essential fails.
  std::exception_ptr failure;
  try {
    std::uint16_t port = listen_on_all(lanes, router, http, registry, tls.get());
    listening.store(true, std::memory_order_release);
    review();  // What ended before this was seen was told to nobody.
    Running at = addresses(config, port);
    file_places.tell(at.public_url);
    background.spawn("agents", provision.run(background, at.url, port));
    if (config.flag("demo")) {
      DemoParts parts{workspace_service, directory, data, at.url};
      co_await make_demo(std::move(parts));
    }
    std::string claim_url;
    if (!dev && sessions.list(world.clock.now()).empty()) {
      Secret code = co_await db.write([&](sql::Tx& tx) { return claims.add(tx); });
      claim_url = fmt::format("{}/claim/{}", at.public_url, code.reveal());
    }
    on_ready(Ready{std::move(at), port, claim_url, router, stop});
    co_await stop.requested();
    if (db.taken_over()) {
      throw conflict("store_taken_over",
                     "another platform has taken over the store that DATABASE_URL names; this one "
                     "stops. Start it again once the other has stopped");
    }
  } catch (...) {
    failure = std::current_exception();
  }
  log::info("stopping");
  on_stop();
  system.draining();
  proxy.go_down();
  relay.go_down();
  hubs.close();
  co_await drain_all(lanes, first.loop(), db.taken_over() ? 0s : drain_for);
  co_await background.drain(0ms);
  if (!failure) {
    co_await presence.flush_all();
    co_await tokens.flush();
    co_await sessions.flush();
    co_await org_keys.flush();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

void serve(const Config& config, World world, const std::function<void(const Ready&)>& on_ready) {
  io::hold_stop_signals();
  require_usable(config);
  const fs::path data = config.text("data");
  // A platform that runs on this data holds the port, too; then the lock says who it is.
  const Address address = *parse_address(config.text("listen"));
  if (!process::holder_of(data)) net::Listener::require_free(address.host, address.port);
  files::make_private_directory(data);
  process::DirectoryLock lock(data);
  process::raise_file_limit();

  metrics::Registry registry;
  const Belongings belongings(config);
  require_readable(config, belongings, world.random);
  auto db = belongings.open(registry);
  db->migrate(migrations());
  belongings.require_keys(*db);
  sql::StoreMark mark(belongings.mark(), world.random);
  db->take_over(mark, events::Log::numbering, world.clock.now());

  std::size_t count = static_cast<std::size_t>(config.number("loops"));
  if (count == 0) count = static_cast<std::size_t>(process::processor_count());
  std::vector<std::unique_ptr<Lane>> lanes;
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 64); ++i) {
    lanes.push_back(std::make_unique<Lane>(log_failure));
  }
  Lane& first = *lanes.front();
  io::Stop stop(first.loop());
  io::Reload reload(first.loop());
  io::StopOnSignals signals(stop, reload);
  auto tell_and_go_on = [&](const Ready& ready) {
    lock.tell(told_line(ready.at));
    on_ready(ready);
  };
  // From then on others may listen at the address, and are not to be taken for this platform.
  auto tell_no_more = [&] { lock.tell({}); };
  io::run(first.loop(), plane(config, world, first, lanes, *db, mark, registry, stop, reload,
                              tell_and_go_on, tell_no_more));
  for (auto& lane : lanes) lane->stop();
}

}  // namespace molecule::app
