// SPDX-License-Identifier: Apache-2.0
// The page's files. On the desk's loop.
#include "provisioning/desk/page_files.hpp"

#include "base/atomic_file.hpp"
#include "provisioning/desk/secrets.hpp"

namespace madoguchi::desk {

namespace {

std::string type_of(const std::string& extension) {
  if (extension == ".html") return "text/html; charset=utf-8";
  if (extension == ".js") return "text/javascript; charset=utf-8";
  if (extension == ".css") return "text/css; charset=utf-8";
  if (extension == ".svg") return "image/svg+xml";
  if (extension == ".png") return "image/png";
  if (extension == ".webmanifest") return "application/manifest+json";
  return {};
}

}  // namespace

Result<PageFiles> PageFiles::read(const std::filesystem::path& folder) {
  PageFiles page;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string type = type_of(entry.path().extension());
    if (type.empty() || !entry.is_regular_file()) continue;
    auto content = read_file(entry.path());
    if (!content) return fail(content.error());
    const std::string etag = "\"" + sha256_hex(*content).substr(0, 24) + "\"";
    page.files_[entry.path().filename()] = File{std::move(*content), type, etag};
  }
  if (page.files_.count("index.html") == 0) {
    return fail(Errc::not_found, folder.native() + ": there is no index.html; name the page's folder with --page");
  }
  return page;
}

Reply PageFiles::get(const Request& request) const {
  const bool root = request.path == "/";
  const auto found = files_.find(root ? "index.html" : request.segments.size() == 1 ? request.segments[0] : "");
  if (found == files_.end()) return error_reply(404, "there is no such page");
  const File& file = found->second;
  Reply reply;
  reply.headers = {{"ETag", file.etag}, {"Cache-Control", "no-cache"}};
  if (names_etag(request.header("if-none-match"), file.etag)) {
    reply.status = 304;
    return reply;
  }
  reply.headers.emplace_back("Content-Type", file.type);
  if (request.method != "HEAD") reply.body = file.content;
  return reply;
}

}  // namespace madoguchi::desk
