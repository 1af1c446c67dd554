// SPDX-License-Identifier: Apache-2.0
// The real madoguchi-media, started as the daemon does, driven message by message.
#pragma once

#include <poll.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/child.hpp"
#include "base/seqpacket.hpp"
#include "media/protocol.hpp"

namespace madoguchi::test {

class MediaUnderTest {
 public:
  MediaUnderTest() {
    auto ends = seqpacket_pair();
    channel_ = std::move(ends->first);
    ChildSpec spec;
    spec.program = MADOGUCHI_BIN "/madoguchi-media";
    spec.fds.emplace_back(protocol::kChannelFd, std::move(ends->second));
    auto child = Child::spawn(io_.get_executor(), std::move(spec));
    if (!child) throw std::runtime_error(child.error().message);
    child_.emplace(std::move(*child));
  }

  void send(const protocol::ToMedia& message, std::vector<int> fds = {}) {
    const auto sent = send_message(channel_.get(), protocol::encode(message), fds);
    if (!sent) throw std::runtime_error(sent.error().message);
  }

  /// Greets it and waits for Ready.
  protocol::Ready hello(protocol::MediaHello hello = loopback()) {
    send(hello);
    auto ready = wait_for<protocol::Ready>(std::chrono::seconds(50));
    if (!ready) throw std::runtime_error("the media process was not ready");
    return *ready;
  }
  static protocol::MediaHello loopback() {
    protocol::MediaHello hello;
    hello.loopback = true;
    hello.width = 640;
    hello.height = 360;
    return hello;
  }

  /// Takes messages until one is of this kind and pleases; all others are kept in `seen`.
  template <class T>
  std::optional<T> wait_for(std::chrono::milliseconds within, std::function<bool(const T&)> pleases = {}) {
    std::optional<T> found;
    pump(within, [&](const protocol::FromMedia& message) {
      const T* match = std::get_if<T>(&message);
      if (match != nullptr && (!pleases || pleases(*match))) found = *match;
      return found.has_value();
    });
    return found;
  }

  /// Asks with each heartbeat what the speaker plays, until it is a tone.
  std::optional<protocol::SpeakerMeasured> listen(std::chrono::milliseconds within) {
    std::optional<protocol::SpeakerMeasured> heard;
    pump(within, [&](const protocol::FromMedia& message) {
      if (std::holds_alternative<protocol::Heartbeat>(message)) send(protocol::MeasureSpeaker{++asked_});
      const auto* measured = std::get_if<protocol::SpeakerMeasured>(&message);
      if (measured != nullptr && measured->hz > 0) heard = *measured;
      return heard.has_value();
    });
    return heard;
  }

  /// Takes messages until `enough` says so after one of them; false when the time was up or it is gone.
  bool pump(std::chrono::milliseconds within, const std::function<bool(const protocol::FromMedia&)>& enough) {
    const auto until = std::chrono::steady_clock::now() + within;
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      pollfd wait{channel_.get(), POLLIN, 0};
      if (::poll(&wait, 1, static_cast<int>(left.count())) <= 0) continue;
      auto received = receive_message(channel_.get());
      if (!received) continue;
      if (!*received) return false;
      auto message = protocol::decode_from_media((*received)->text);
      if (!message) throw std::runtime_error(message.error().message);
      seen.push_back(*message);
      if (enough(seen.back())) return true;
    }
  }

  template <class T>
  [[nodiscard]] std::size_t count() const {
    std::size_t result = 0;
    for (const auto& message : seen) result += std::holds_alternative<T>(message) ? 1U : 0U;
    return result;
  }

  /// Its IP sockets, as the kernel lists them for its network namespace.
  [[nodiscard]] std::vector<std::string> ip_sockets() const {
    std::vector<std::pair<std::string, std::string>> listed;
    for (const char* table : {"udp", "udp6", "tcp", "tcp6", "raw", "raw6", "packet"}) {
      std::ifstream file("/proc/" + std::to_string(child_->pid()) + "/net/" + table);
      for (std::string line; std::getline(file, line);) listed.emplace_back(table, line + " ");
    }
    std::vector<std::string> found;
    for (const auto& fd : std::filesystem::directory_iterator("/proc/" + std::to_string(child_->pid()) + "/fd")) {
      std::error_code error;
      const std::string target = std::filesystem::read_symlink(fd.path(), error).native();
      if (target.rfind("socket:[", 0) != 0) continue;
      const std::string inode = " " + target.substr(8, target.size() - 9) + " ";
      for (const auto& [table, line] : listed) {
        if (line.find(inode) != std::string::npos) found.push_back(table + ": " + line);
      }
    }
    return found;
  }

  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  [[nodiscard]] bool alive() const { return child_->alive(); }

  std::vector<protocol::FromMedia> seen;

 private:
  boost::asio::io_context io_;
  UniqueFd channel_;
  std::optional<Child> child_;
  std::uint32_t asked_ = 0;
};

}  // namespace madoguchi::test
