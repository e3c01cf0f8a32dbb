// Which names this server answers to and which web pages may call it. A page of a stranger can make
// a browser send requests here, and by pointing a DNS name of its own at our address (rebinding)
// even read the answers; the Host and Origin headers tell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace molecule::http {

class Site {
 public:
  // `hosts`: names besides the loopback ones and the listen address; "*" allows every name.
  // `origins`: exact origins ("https://canvas.example"). A wildcard listen address admits any
  // literal IP address, which cannot be rebound.
  Site(std::string_view listen_address, std::vector<std::string> hosts,
       std::vector<std::string> origins);

  bool host_allowed(std::string_view authority) const;

  enum class Origin { same, listed, refused };
  // `origin` is a present Origin header.
  Origin judge(std::string_view origin, std::string_view authority) const;

 private:
  std::string listen_;
  bool wildcard_ = false;
  bool any_host_ = false;
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
};

// What whoever used a name that is not served is told: the name and the setting that allows it.
std::string refused_host_text(std::string_view authority);

}  // namespace molecule::http
