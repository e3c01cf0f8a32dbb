#include "agent/redactor.h"

#include <algorithm>

#include "platform/log/redaction.h"

namespace molecule::agent {
namespace {

// Of a secret that a text begins in the middle of, or ends in the middle of; 0: of none.
std::size_t left_at_beginning(std::string_view text, std::string_view secret) {
  for (std::size_t n = std::min(secret.size() - 1, text.size()); n >= Redactor::least; --n)
    if (text.starts_with(secret.substr(secret.size() - n))) return n;
  return 0;
}

std::size_t left_at_end(std::string_view text, std::string_view secret) {
  for (std::size_t n = std::min(secret.size() - 1, text.size()); n >= Redactor::least; --n)
    if (text.ends_with(secret.substr(0, n))) return n;
  return 0;
}

}  // namespace

Redactor::Redactor(const std::vector<Secret>& secrets) {
  for (const Secret& each : secrets) {
    std::string_view rest = each.reveal();
    if (rest.size() >= least) hidden_.push_back(each);
    if (rest.find('\n') == std::string_view::npos) continue;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      std::string_view line = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.size() >= least) hidden_.emplace_back(std::string(line));
    }
  }
}

std::size_t Redactor::hidden_at(std::string_view text, std::size_t at) const {
  const std::string_view rest = text.substr(at);
  std::size_t hide = 0;
  for (const Secret& each : hidden_) {
    const std::string_view secret = each.reveal();
    if (rest.starts_with(secret)) hide = std::max(hide, secret.size());
    if (at == 0) hide = std::max(hide, left_at_beginning(rest, secret));
  }
  return hide;
}

std::string Redactor::operator()(std::string_view text) const {
  std::size_t cut = 0;
  for (const Secret& each : hidden_) cut = std::max(cut, left_at_end(text, each.reveal()));
  const std::size_t whole = text.size() - cut;
  std::string out;
  for (std::size_t at = 0; at < whole;) {
    std::size_t hide = hidden_at(text, at);
    if (hide == 0) {
      const log::Redaction found = log::credential_at(text, at);
      out += text.substr(at, found.keep);
      at += found.keep;
      hide = found.hide;
    }
    if (hide > 0) {
      out += "[redacted]";
      at += hide;
      if (at > whole) cut = 0;
    } else if (at < text.size()) {
      out += text[at++];
    }
  }
  if (cut > 0) out += "[redacted]";
  return out;
}

}  // namespace molecule::agent
