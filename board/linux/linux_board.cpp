// SPDX-License-Identifier: Apache-2.0
// Finding, losing and finding again; edges to the machine, the machine's words to the ears. On the daemon's loop.
#include "board/linux/linux_board.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace madoguchi::board {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

/// IN_ATTRIB: udev gives a new node to its group a moment after it was made.
constexpr std::uint32_t kFolderEvents = IN_CREATE | IN_ATTRIB;

std::string_view name(Role role) { return role == Role::start ? "start" : "mute"; }

}  // namespace

LinuxBoard::LinuxBoard(asio::any_io_executor executor, Clock& clock, Settings settings, Ioctl ioctl)
    : executor_(std::move(executor)), clock_(clock), settings_(std::move(settings)), ioctl_(std::move(ioctl)),
      start_(clock, settings_.press), mute_(clock, settings_.press), look_again_(clock), light_changes_(clock) {
  std::map<Role, std::size_t> numbers;
  for (const ButtonRule& rule : settings_.buttons) {
    Button& button = buttons_.emplace_back();
    button.rule = rule;
    button.number = numbers[rule.role]++;
  }
}

void LinuxBoard::start() {
  running_ = true;
  lamp_since_ = clock_.boot();
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (inotify_.valid()) {
    folders_ = Readable(executor_, inotify_.get(), [this] {
      char events[4096];
      while (::read(inotify_.get(), events, sizeof events) > 0) continue;
      look();
    });
  }
  asio::post(executor_, lifetime_.guarded([](LinuxBoard& self) { self.look(); }));
}

void LinuxBoard::stop() {
  running_ = false;
  look_again_.clear();
  light_changes_.clear();
  start_.alarm.clear();
  mute_.alarm.clear();
  folders_.end();
  for (Button& button : buttons_) {
    button.readable.end();
    button.line.reset();
    button.device = nullptr;
  }
  devices_.clear();
  bulb_.reset();
}

// ---- what is there ---------------------------------------------------------------------------------------------------

void LinuxBoard::watch_folders() {
  if (!inotify_.valid()) return;  // look_again_ finds what comes
  // The folder of the input devices is made with the first of them. Watching what is watched already is fine.
  ::inotify_add_watch(inotify_.get(), settings_.dev.c_str(), kFolderEvents);
  ::inotify_add_watch(inotify_.get(), (settings_.dev / "input").c_str(), kFolderEvents);
}

void LinuxBoard::look() {
  if (!running_) return;
  watch_folders();
  for (Button& button : buttons_) {
    if (!button.there()) look_for(button);
  }
  if (!bulb_) look_for_lamp();
  bool all = bulb_ != nullptr;
  bool role_missing = false;
  for (const Role role : {Role::start, Role::mute}) {
    bool wanted = false, there = false;
    for (const Button& button : buttons_) {
      if (button.rule.role != role) continue;
      wanted = true;
      there = there || button.there();
      all = all && button.there();
    }
    role_missing = role_missing || (wanted && !there);
  }
  set_fault(Fault::button_missing, role_missing);
  set_fault(Fault::lamp_missing, bulb_ == nullptr);
  if (!all) look_again_.after(settings_.look_again, [this] { look(); });
}

void LinuxBoard::look_for(Button& button) {
  std::string why;
  if (!button.rule.line.empty()) {
    auto line = GpioLine::open(settings_.dev,
                               {button.rule.line, GpioLine::Use::input, button.rule.active_low, settings_.press.bounce},
                               ioctl_);
    if (line) {
      const auto down = line->get();
      if (down) {
        button.line = std::make_unique<GpioLine>(std::move(*line));
        button.readable = Readable(executor_, button.line->fd(), [this, &button] { line_ready(button); });
        return found(button, *down, button.line->debounced() ? 0ms : settings_.press.bounce, button.line->where());
      }
      why = down.error().message;
    } else {
      why = line.error().message;
    }
  } else {
    why = "no input device like this is plugged in; `madoguchi devices` lists those that are";
    for (const InputIdentity& identity : input_devices(settings_.sys)) {
      if (!matches(button.rule, identity)) continue;
      Device* device = open_device(identity, why);
      if (device == nullptr) continue;
      const auto down = device->input.is_down(button.rule.key);
      if (!down) {
        why = down.error().message;
        continue;
      }
      button.device = device;
      return found(button, *down, 0ms, identity.node + " \"" + identity.name + "\"");
    }
  }
  if (why != button.missing) log::warning("button-missing", {{"rule", words(button.rule)}, {"why", why}});
  button.missing = why;
}

void LinuxBoard::found(Button& button, bool down, std::chrono::milliseconds bounce, std::string where) {
  log::notice("button-found", {{"role", name(button.rule.role)}, {"where", where}, {"down", down ? "yes" : "no"}});
  button.where = std::move(where);
  button.missing.clear();
  RoleState& state = role(button.rule.role);
  state.machine.found(button.number, down, bounce, clock_.boot());
  tell_all(button.rule.role, {});
}

LinuxBoard::Device* LinuxBoard::open_device(const InputIdentity& identity, std::string& why) {
  for (Device& device : devices_) {
    if (device.input.identity().node == identity.node) return &device;
  }
  auto opened = InputDevice::open(settings_, identity, ioctl_);
  if (!opened) {
    why = opened.error().message;
    return nullptr;
  }
  Device& device = devices_.emplace_back(std::move(*opened));
  device.readable = Readable(executor_, device.input.fd(), [this, &device] { device_ready(device); });
  return &device;
}

void LinuxBoard::look_for_lamp() {
  auto bulb = open_bulb(settings_, ioctl_);
  if (!bulb) {
    const std::string& why = bulb.error().message;
    if (why != lamp_missing_) log::warning("lamp-missing", {{"rule", words(settings_.lamp)}, {"why", why}});
    lamp_missing_ = why;
    return;
  }
  bulb_ = std::move(*bulb);
  lamp_missing_.clear();
  written_.reset();
  log::notice("lamp-found", {{"where", bulb_->where()}});
  shine();
}

void LinuxBoard::lose(Button& button, const std::string& why) {
  log::warning("button-lost", {{"role", name(button.rule.role)}, {"where", button.where}, {"why", why}});
  button.readable.end();
  button.line.reset();
  button.device = nullptr;
  button.missing = why;
  tell_all(button.rule.role, role(button.rule.role).machine.gone(button.number, clock_.boot()));
}

void LinuxBoard::lose(Device& device, const std::string& why) {
  for (Button& button : buttons_) {
    if (button.device == &device) lose(button, why);
  }
  devices_.remove_if([&device](const Device& each) { return &each == &device; });
}

// ---- presses ---------------------------------------------------------------------------------------------------------

void LinuxBoard::line_ready(Button& button) {
  const auto drained = button.line->drain();
  const auto down = button.line->get();
  if (!drained || !down) {
    lose(button, drained ? down.error().message : drained.error().message);
    return look();
  }
  tell_all(button.rule.role, role(button.rule.role).machine.level(button.number, *down, clock_.boot()));
}

void LinuxBoard::device_ready(Device& device) {
  for (;;) {
    InputDevice::Key key;
    const auto more = device.input.next(key);
    if (!more) {
      lose(device, more.error().message);
      return look();
    }
    if (!*more) return;
    for (Button& button : buttons_) {
      if (button.device != &device || (!key.lost && key.code != button.rule.key)) continue;
      const bool down = key.lost ? device.input.is_down(button.rule.key).value_or(false) : key.down;
      tell_all(button.rule.role, role(button.rule.role).machine.level(button.number, down, clock_.boot()));
    }
  }
}

void LinuxBoard::tell_all(Role which, const std::vector<Said>& said) {
  for (const Said each : said) tell(which, each);
  RoleState& state = role(which);
  const auto due = state.machine.due();
  if (!due) return state.alarm.clear();
  state.alarm.after(std::max<BootClock::duration>(*due - clock_.boot(), 0ms),
                    [this, which] { tell_all(which, role(which).machine.pass(clock_.boot())); });
}

void LinuxBoard::tell(Role which, Said said) {
  if (said != Said::released) log::info("button", {{"role", name(which)}, {"said", name(said)}});
  if (said == Said::stuck || said == Said::freed)
    set_fault(Fault::button_stuck, start_.machine.is_stuck() || mute_.machine.is_stuck());
  if (which == Role::mute) {
    if (said == Said::touched && ears_.mute) ears_.mute();
    return;
  }
  if ((said == Said::touched || said == Said::again) && ears_.touch) ears_.touch(true);
  if (said == Said::released && ears_.touch) ears_.touch(false);
  if (said == Said::short_press && ears_.press) ears_.press(Press::short_press);
  if (said == Said::long_press && ears_.press) ears_.press(Press::long_press);
}

void LinuxBoard::set_fault(Fault fault, bool raised) {
  bool& known = faults_[fault];
  if (known == raised) return;
  known = raised;
  if (ears_.fault) ears_.fault(fault, raised);
}

// ---- the lamp --------------------------------------------------------------------------------------------------------

void LinuxBoard::set_lamp(const Lamp& lamp) {
  if (lamp == lamp_) return;
  lamp_ = lamp;
  lamp_since_ = clock_.boot();
  shine();
}

void LinuxBoard::shine() {
  const BootTime now = clock_.boot();
  const Light wanted = light(lamp_, now - lamp_since_);
  if (wanted.changes_at) light_changes_.after(lamp_since_ + *wanted.changes_at - now, [this] { shine(); });
  else light_changes_.clear();
  if (!bulb_ || written_ == wanted.on) return;
  written_ = wanted.on;
  const auto set = bulb_->set(wanted.on);
  if (set) return;
  lamp_missing_ = set.error().message;
  log::warning("lamp-lost", {{"where", bulb_->where()}, {"why", lamp_missing_}});
  bulb_.reset();
  written_.reset();
  look_again_.after(settings_.look_again, [this] { look(); });
  asio::post(executor_,
             lifetime_.guarded([](LinuxBoard& self) { self.set_fault(Fault::lamp_missing, self.bulb_ == nullptr); }));
}

LampSeen LinuxBoard::lamp_seen() const {
  LampSeen seen;
  seen.wanted = written_.value_or(light(lamp_, clock_.boot() - lamp_since_).on);
  if (!bulb_) return seen;
  if (const auto lit = bulb_->get()) seen.lit = *lit;
  return seen;
}

std::vector<Part> LinuxBoard::parts() const {
  std::vector<Part> parts;
  for (const Button& button : buttons_) {
    parts.push_back({"button-" + std::string(name(button.rule.role)), words(button.rule),
                     button.there() ? button.where : button.missing, button.there()});
  }
  parts.push_back({"lamp", words(settings_.lamp), bulb_ ? bulb_->where() : lamp_missing_, bulb_ != nullptr});
  return parts;
}

}  // namespace madoguchi::board
