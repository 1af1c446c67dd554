// SPDX-License-Identifier: Apache-2.0
// madoguchi-desk: the office on one PC. `serve` runs it; the other commands prepare it, also while it runs.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/nearest.hpp"
#include "base/private_folder.hpp"
#include "provisioning/desk/api.hpp"
#include "provisioning/desk/ask_password.hpp"
#include "provisioning/desk/calendar.hpp"
#include "provisioning/desk/listen.hpp"
#include "provisioning/desk/names.hpp"
#include "provisioning/desk/secrets.hpp"
#include "provisioning/desk/server.hpp"

namespace {

using namespace madoguchi;
using namespace madoguchi::desk;
using json::bj::object;

enum Exit { kGood = 0, kFailed = 1, kUsage = 2 };

constexpr const char* kExamples = R"(  madoguchi-desk add-hall chuo 中央公民館          prints the box's token, once
  madoguchi-desk edit-hall chuo --address 中央1-2-3 --room 2階第1会議室 --telephone 0123-45-6789
  madoguchi-desk add-counsellor tanaka            asks for the password
  madoguchi-desk serve
  madoguchi-desk book chuo 2026-11-24T10:00:00+09:00 30   a booking without the page)";

struct Options {
  std::string data = "/var/lib/madoguchi-desk";
  bool as_json = false;
};

int failed(const Error& error) {
  std::cerr << "madoguchi-desk: " << error.message << "\n";
  return kFailed;
}

int misused(const Error& error) {
  (void)failed(error);
  return kUsage;
}

int print(const Options& options, const object& reply, const std::string& words) {
  if (options.as_json) std::cout << json::bj::serialize(reply) << "\n";
  else std::cout << words;
  return kGood;
}

int add_hall(const Options& options, const std::string& id, const std::string& name) {
  auto store = Store::open(options.data);
  if (!store) return failed(store.error());
  const auto halls = (*store)->halls();
  if (!halls) return failed(halls.error());
  const bool again = std::any_of(halls->begin(), halls->end(), [&id](const Hall& hall) { return hall.id == id; });
  const std::string token = random_hex(24);
  const auto hall = (*store)->put_hall(id, name, token);
  if (!hall) return failed(hall.error());
  const std::string path = "/calendars/" + hall->calendar + "/bookings.ics";
  std::string words = "token          " + token + "\ncalendar path  " + path +
                      "\nBoth belong into the box's configuration; the token is not shown again.\n";
  if (again) words += "The hall was there: its old token and calendar path are void from now on, so change both.\n";
  return print(options, {{"hall", id}, {"token", token}, {"calendar_path", path}, {"renewed", again}}, words);
}

int edit_hall(const Options& options, const std::string& id, const HallFacts& facts) {
  auto store = Store::open(options.data);
  if (!store) return failed(store.error());
  const auto known = (*store)->describe_hall(id, facts);
  if (!known) return failed(known.error());
  if (!*known) return failed(Error(Errc::not_found, "there is no hall " + id + ": madoguchi-desk add-hall makes one"));
  const auto hall = (*store)->hall(id);
  if (!hall) return failed(hall.error());
  if (options.as_json) return print(options, hall_json(**hall), {});
  return print(options, {},
               (*hall)->name + "\naddress    " + (*hall)->address + "\nroom       " + (*hall)->room + "\ntelephone  " +
                   (*hall)->telephone + "\nstaffed    " + (*hall)->staffed + "\n");
}

int add_department(const Options& options, const std::string& name) {
  auto store = Store::open(options.data);
  if (!store) return failed(store.error());
  if (const auto kept = (*store)->put_department(name); !kept) return failed(kept.error());
  return print(options, {{"department", name}}, name + " may be ticked as listening\n");
}

int add_counsellor(const Options& options, const std::string& name) {
  // Before the password is asked: who typed it twice for nothing is not asked a third time.
  const auto plain = plain_name("the counsellor's name", name);
  if (!plain) return misused(plain.error());
  auto store = Store::open(options.data);
  if (!store) return failed(store.error());
  const auto password = ask_password();
  if (!password) return misused(password.error());
  const auto hash = hash_password(*password);
  if (!hash) return failed(hash.error());
  const auto kept = (*store)->put_counsellor(*plain, *hash);
  if (!kept) return failed(kept.error());
  return print(options, {{"counsellor", *kept}}, *kept + " can log in\n");
}

int book(const Options& options, const std::string& hall, const std::string& start_text, int minutes) {
  const auto start = parse_rfc3339(start_text);
  if (!start) {
    std::cerr << "madoguchi-desk: " << start.error().message << "\n";
    return kUsage;
  }
  auto store = Store::open(options.data);
  if (!store) return failed(store.error());
  const auto booking = (*store)->book({hall, *start, std::chrono::minutes(minutes)}, {}, wall_now());
  if (!booking) return failed(booking.error());
  return print(options, {{"receipt", booking->receipt}, {"room", booking->room}},
               "受付番号 " + booking->receipt + "\nroom " + booking->room + "\n");
}

/// In place of CLI11's line, which says only that something is wrong: what there is, and what was meant.
int teach(const CLI::App& app, const std::string& word) {
  std::set<std::string, std::less<>> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) verbs.insert(verb->get_name());
  std::cerr << "madoguchi-desk: ";
  if (word.empty()) {
    std::cerr << "say what to do\n";
  } else {
    const std::string near = nearest(word, verbs, std::max<std::size_t>(2, word.size() / 2));
    std::cerr << "there is no \"" << word << "\"";
    std::cerr << (near.empty() ? "\n" : "; the nearest is \"" + near + "\"\n");
  }
  for (const CLI::App* verb : app.get_subcommands({})) {
    std::cerr << "  " << verb->get_name() << std::string(16 - std::min<std::size_t>(15, verb->get_name().size()), ' ')
              << verb->get_description() << "\n";
  }
  std::cerr << "\nFor example:\n" << kExamples << "\nMore: madoguchi-desk --help, madoguchi-desk VERB --help\n";
  return kUsage;
}

void tick_each_second(Alarm& alarm, Api& api) {
  alarm.after(std::chrono::seconds(1), [&alarm, &api] {
    api.tick();
    tick_each_second(alarm, api);
  });
}

int serve(const Options& options, const std::string& listen, const std::string& proxy, std::string page_folder) {
  const auto listens = parse_listen(listen);
  if (!listens) {
    std::cerr << "madoguchi-desk: --listen " << listens.error().message << "\n";
    return kUsage;
  }
  ServerSettings settings;
  settings.address = listens->address.to_string();
  settings.port = listens->port;
  boost::system::error_code wrong;
  if (!proxy.empty()) (void)boost::asio::ip::make_address(proxy, wrong);
  if (wrong) {
    std::cerr << "madoguchi-desk: write --proxy as an IP address, such as 127.0.0.1\n";
    return kUsage;
  }
  settings.proxy = proxy;
  if (page_folder.empty()) {
    std::error_code ignored;
    const auto beside = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
    page_folder = beside.parent_path() / "share/madoguchi/desk/page";
    if (!std::filesystem::exists(page_folder)) page_folder = MADOGUCHI_DESK_PAGE;
  }
  auto store = Store::open(options.data);
  if (!store) return failed(store.error());
  auto page = PageFiles::read(page_folder);
  if (!page) return failed(page.error());

  boost::asio::io_context io(1);
  SystemClock clock(io.get_executor());
  boost::asio::thread_pool pool(1);
  Records records(**store);
  Api api(io.get_executor(), clock, records, std::move(*page), pool, {}, {});
  const Route route = [&api](Request request, OnGone on_gone) {
    return api.answer(std::move(request), std::move(on_gone));
  };
  auto server = Server::open(io.get_executor(), settings, route);
  if (!server) return failed(server.error());
  // Two would each know half of who sits where.
  const auto lock = lock_file(std::filesystem::path(options.data) / "serve.lock");
  if (!lock && lock.error().code == Errc::busy) {
    return failed(Error(Errc::busy, options.data + ": another desk serves this folder; stop it first"));
  }
  if (!lock) return failed(lock.error());
  const std::string origin = "http://" + authority(listens->address, (*server)->port());
  api.set_origin(origin);
  Alarm ticking(clock);
  tick_each_second(ticking, api);
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](boost::system::error_code, int) { io.stop(); });
  (*server)->start();
  std::cout << "madoguchi-desk: " << origin << "/" << std::endl;
  io.run();
  (*server)->stop();
  ticking.clear();
  io.restart();
  io.run_for(std::chrono::seconds(2));  // streams end with what they still have to say
  log::notice("stopped");
  pool.join();
  if (!io.stopped()) {
    std::cout.flush();
    std::_Exit(kGood);  // what still waits refers to what would be taken apart
  }
  return kGood;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"madoguchi-desk: the office on one PC. Loopback only until it has TLS.", "madoguchi-desk"};
  app.footer(std::string("Exit status: 0 done, 1 failed, 2 wrong usage.\n\nFor example:\n") + kExamples);
  app.require_subcommand(0, 1);
  app.fallthrough();
  Options options;
  app.add_option("--data", options.data, "the folder with halls, counsellors and bookings")->capture_default_str();
  app.add_flag("--json", options.as_json, "JSON for programs instead of words");

  std::string listen = "127.0.0.1:8080", proxy, page, id, name, start;
  int minutes = 30;
  auto* serve_command = app.add_subcommand("serve", "run the desk until SIGTERM");
  serve_command->add_option("--listen", listen, "address and port; port 0 = any that is free")->capture_default_str();
  serve_command->add_option("--proxy", proxy,
                            "the address of a reverse proxy in front: what it says of its callers is believed "
                            "(X-Forwarded-For)");
  serve_command->add_option("--page", page, "the folder with the page's files");
  auto* hall_command = app.add_subcommand(
      "add-hall", "a hall with its box; again: a new token and calendar path, the old ones are void");
  hall_command->add_option("id", id, "a-z, 0-9, dashes")->required();
  hall_command->add_option("name", name, "as people know it")->required();
  HallFacts facts;
  auto* edit_command = app.add_subcommand(
      "edit-hall", "where a hall is and how to reach it, for whoever must send help; its token stays");
  edit_command->add_option("id", id, "a-z, 0-9, dashes")->required();
  edit_command->add_option("--name", facts.name, "as people know it");
  edit_command->add_option("--address", facts.address, "street and number, as an ambulance needs it");
  edit_command->add_option("--room", facts.room, "where in the house the box stands");
  edit_command->add_option("--telephone", facts.telephone, "the hall's own");
  edit_command->add_option("--staffed", facts.staffed, "hours with staff, in words");
  auto* department_command = app.add_subcommand(
      "add-department", "who may listen beside a counsellor: she ticks it, and the hall's screen says so");
  department_command->add_option("name", name, "福祉課")->required();
  auto* counsellor_command = app.add_subcommand(
      "add-counsellor",
      "a login; the password is asked for, or read from stdin; again: a new password, and the old one's logins end");
  counsellor_command->add_option("name", name)->required();
  auto* book_command = app.add_subcommand("book", "a booking; prints its receipt number");
  book_command->add_option("hall", id)->required();
  book_command->add_option("start", start, "2026-11-24T10:00:00+09:00")->required();
  book_command->add_option("minutes", minutes, "its length")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError& error) {
    if (app.get_subcommands().empty()) return teach(app, app.remaining().front());
    return app.exit(error) == 0 ? kGood : kUsage;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kUsage;
  }
  if (app.get_subcommands().empty()) return teach(app, {});
  ::signal(SIGPIPE, SIG_IGN);
  log::set_program("madoguchi-desk");
  if (*hall_command) {
    const bool plain =
        !id.empty() && id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!plain) {
      std::cerr << "madoguchi-desk: a hall's id is made of a-z, 0-9 and dashes\n";
      return kUsage;
    }
    return add_hall(options, id, name);
  }
  if (*edit_command) return edit_hall(options, id, facts);
  if (*department_command) return add_department(options, name);
  if (*counsellor_command) return add_counsellor(options, name);
  if (*book_command) return book(options, id, start, minutes);
  return serve(options, listen, proxy, page);
}
