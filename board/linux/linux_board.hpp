// SPDX-License-Identifier: Apache-2.0
// The real board: buttons by input device or GPIO line, a lamp by GPIO line or LED. What is missing, at the start or
// later, is a fault and is looked for until it is there. On the daemon's loop.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/lifetime.hpp"
#include "board/board.hpp"
#include "board/linux/gpio_line.hpp"
#include "board/linux/input_device.hpp"
#include "board/linux/lamp_light.hpp"
#include "board/linux/press_machine.hpp"
#include "board/linux/readable.hpp"
#include "board/settings.hpp"

namespace madoguchi::board {

class LinuxBoard final : public Board {
 public:
  LinuxBoard(boost::asio::any_io_executor executor, Clock& clock, Settings settings, Ioctl ioctl = kernel_ioctl());

  [[nodiscard]] std::string_view kind() const override { return "linux"; }
  void set_lamp(const Lamp& lamp) override;
  [[nodiscard]] Lamp lamp() const override { return lamp_; }
  void listen(Ears ears) override { ears_ = std::move(ears); }
  void start() override;
  void stop() override;
  [[nodiscard]] LampSeen lamp_seen() const override;
  [[nodiscard]] std::vector<Part> parts() const override;

 private:
  struct Device {  ///< an input device that is ours; its keys may be several buttons
    explicit Device(InputDevice opened) : input(std::move(opened)) {}
    InputDevice input;
    Readable readable;
  };
  struct Button {
    ButtonRule rule;
    std::size_t number = 0;  ///< in the machine of its role
    std::unique_ptr<GpioLine> line;
    Readable readable;  ///< of the line; ends before it
    Device* device = nullptr;
    std::string where, missing;
    [[nodiscard]] bool there() const { return line != nullptr || device != nullptr; }
  };
  struct RoleState {
    RoleState(Clock& clock, const PressSettings& press) : machine(press), alarm(clock) {}
    PressMachine machine;
    Alarm alarm;
  };

  void look();
  void look_for(Button& button);
  void look_for_lamp();
  void watch_folders();
  Device* open_device(const InputIdentity& identity, std::string& why);
  void found(Button& button, bool down, std::chrono::milliseconds bounce, std::string where);
  void lose(Button& button, const std::string& why);
  void lose(Device& device, const std::string& why);
  void line_ready(Button& button);
  void device_ready(Device& device);
  void tell_all(Role role, const std::vector<Said>& said);
  void tell(Role role, Said said);
  void shine();
  void set_fault(Fault fault, bool raised);
  RoleState& role(Role which) { return which == Role::start ? start_ : mute_; }

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  Settings settings_;
  Ioctl ioctl_;
  Ears ears_;
  RoleState start_, mute_;
  std::list<Device> devices_;
  std::list<Button> buttons_;
  UniqueFd inotify_;
  Readable folders_;
  Alarm look_again_, light_changes_;
  bool running_ = false;

  Lamp lamp_;
  BootTime lamp_since_{};
  std::unique_ptr<Bulb> bulb_;
  std::string lamp_missing_;
  std::optional<bool> written_;
  std::map<Fault, bool> faults_;
  Lifetime<LinuxBoard> lifetime_{this};
};

}  // namespace madoguchi::board
