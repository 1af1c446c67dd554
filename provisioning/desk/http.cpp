// SPDX-License-Identifier: Apache-2.0
// Requests and replies as plain values. On the desk's loop.
#include "provisioning/desk/http.hpp"

#include <optional>

namespace madoguchi::desk {

std::string Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::string Request::cookie(const std::string& name) const {
  const std::string all = header("cookie");
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = all.find(';', at);
    if (end == std::string::npos) end = all.size();
    while (at < end && all[at] == ' ') ++at;
    if (all.compare(at, name.size(), name) == 0 && all[at + name.size()] == '=') {
      return all.substr(at + name.size() + 1, end - at - name.size() - 1);
    }
    at = end + 1;
  }
  return {};
}

std::string Request::bearer() const {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string value = header("authorization");
  return value.rfind(kScheme, 0) == 0 ? value.substr(kScheme.size()) : std::string();
}

bool Request::is(std::string_view wanted_method, const std::vector<std::string_view>& form) const {
  if (method != wanted_method || segments.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] != "*" && form[i] != segments[i]) return false;
  }
  return true;
}

Outbox::Outbox(const boost::asio::any_io_executor& executor) : wake(executor) {}

void Outbox::push(const json::bj::object& event) {
  if (closed) return;
  std::string text = "data: " + json::bj::serialize(event) + "\n\n";
  if (queued_ + text.size() > kMost) {
    queue.clear();
    return close();
  }
  queued_ += text.size();
  queue.push_back(std::move(text));
  wake.cancel();
}

std::string Outbox::take() {
  std::string all;
  all.reserve(queued_);
  for (const std::string& event : queue) all += event;
  queue.clear();
  queued_ = 0;
  return all;
}

void Outbox::close() {
  closed = true;
  wake.cancel();
}

Reply json_reply(int status, const json::bj::value& body) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  reply.body = json::bj::serialize(body);
  return reply;
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  while (!if_none_match.empty()) {
    const auto comma = if_none_match.find(',');
    std::string_view each = if_none_match.substr(0, comma);
    while (!each.empty() && (each.front() == ' ' || each.front() == '\t')) each.remove_prefix(1);
    while (!each.empty() && (each.back() == ' ' || each.back() == '\t')) each.remove_suffix(1);
    if (each.substr(0, 2) == "W/") each.remove_prefix(2);
    if (each == etag || each == "*") return true;
    if (comma == std::string_view::npos) break;
    if_none_match.remove_prefix(comma + 1);
  }
  return false;
}

Reply error_reply(int status, const std::string& words) {
  return json_reply(status, json::bj::object{{"error", words}});
}

Reply empty_reply(int status) {
  Reply reply;
  reply.status = status;
  reply.headers = {{"Cache-Control", "no-store"}};
  return reply;
}

namespace {
int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

std::optional<std::string> decoded_segment(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '/' || c == '\\' || (static_cast<unsigned char>(c) < 0x20) || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (out == "." || out == "..") return std::nullopt;
  return out;
}

bool parse_target(std::string_view target, Request& request) {
  if (target.empty() || target.front() != '/') return false;
  const auto question = target.find('?');
  const std::string_view path = target.substr(0, question);
  request.path = std::string(path);
  for (std::size_t at = 1; at <= path.size();) {
    std::size_t end = path.find('/', at);
    if (end == std::string_view::npos) end = path.size();
    const auto segment = decoded_segment(path.substr(at, end - at));
    if (!segment) return false;
    request.segments.push_back(*segment);
    at = end + 1;
  }
  if (question == std::string_view::npos) return true;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    const auto name = decoded_segment(pair.substr(0, equals));
    const auto value = decoded_segment(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!name || !value) return false;
    request.query[*name] = *value;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return true;
}

}  // namespace madoguchi::desk
