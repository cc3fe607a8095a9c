#include "nginx.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace confab::test {

using namespace std::chrono_literals;

namespace {

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("no free port on the loopback");
  return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const bool connected = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

std::string content(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Nginx::Nginx(const TestCertificate& certificate, std::uint16_t homeserver, const std::string& directives) {
  // The port is free only until somebody else takes it, so more than one is tried.
  bool runs = false;
  for (int i = 0; i < 5 && !runs; ++i) runs = start(certificate, homeserver, directives);
  if (!runs)
    throw std::runtime_error("nginx does not run (Debian: nginx-light): " + content(directory_.file("error.log")));
}

bool Nginx::start(const TestCertificate& certificate, std::uint16_t homeserver, const std::string& directives) {
  port_ = free_port();
  const std::string at = directory_.path().string();
  std::string config = "daemon off; master_process off; worker_processes 1; error_log " + at + "/error.log; pid " + at +
                       "/pid;\n"
                       "events { worker_connections 512; }\nhttp {\n"
                       "  log_format test '$server_protocol $connection $status $ssl_session_reused'; access_log " +
                       at + "/access.log test;\n";
  for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"}) {
    config += std::string("  ") + kind + "_temp_path " + at + "/" + kind + ";\n";
  }
  config += "  server {\n    listen 127.0.0.1:" + std::to_string(port_) +
            " ssl http2;\n"
            "    ssl_certificate " +
            certificate.certificate_file() + ";\n    ssl_certificate_key " + certificate.key_file() +
            ";\n"
            "    ssl_session_cache shared:test:1m;\n    " +
            directives +
            "\n"
            "    location / {\n      proxy_pass http://127.0.0.1:" +
            std::to_string(homeserver) +
            ";\n"
            "      proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_read_timeout 60s; "
            "proxy_next_upstream off;\n"
            "    }\n  }\n}\n";
  const std::string file = directory_.write("nginx.conf", config);
  const std::string log = at + "/error.log";
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot fork");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies takes it along
    const int silent = ::open("/dev/null", O_RDWR);
    for (const int stream : {0, 1, 2}) ::dup2(silent, stream);
    for (const char* program : {"/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"}) {
      ::execl(program, "nginx", "-e", log.c_str(), "-c", file.c_str(), "-p", at.c_str(), static_cast<char*>(nullptr));
    }
    ::_exit(127);
  }
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = -1;
      return false;
    }
    if (accepts(port_)) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

Nginx::~Nginx() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
}

std::string Nginx::access_log(std::size_t lines) const {
  const auto until = std::chrono::steady_clock::now() + 10s;
  for (;;) {
    std::string text = content(directory_.file("access.log"));
    const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    if (count >= lines || std::chrono::steady_clock::now() > until) return text;
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace confab::test
