#include "test_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <stdexcept>
#include <utility>

namespace confab::test {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;

constexpr long day = 24L * 60 * 60;
constexpr const char* local_names = "IP:127.0.0.1,DNS:localhost";

void require(bool done, const char* what) {
  if (!done) {
    throw std::runtime_error(std::string("test certificate: ") + what);
  }
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  require(key != nullptr, "no key");
  return key;
}

void add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Free> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

struct Wish {
  const char* common_name;
  const char* alternative_names;  // nullptr: an authority
  long from;                      // seconds from now
  long until;
  long serial;
};

Certificate make_certificate(const Wish& wish, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  Certificate certificate(X509_new());
  require(certificate != nullptr, "no memory");
  X509* const c = certificate.get();
  X509_set_version(c, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c), wish.serial);
  X509_gmtime_adj(X509_getm_notBefore(c), wish.from);
  X509_gmtime_adj(X509_getm_notAfter(c), wish.until);
  X509_set_pubkey(c, key);
  X509_NAME* const name = X509_get_subject_name(c);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(wish.common_name), -1, -1,
                             0);
  X509* const signer = issuer != nullptr ? issuer : c;
  X509_set_issuer_name(c, X509_get_subject_name(signer));
  if (wish.alternative_names == nullptr) {
    add_extension(c, signer, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(c, signer, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(c, signer, NID_subject_key_identifier, "hash");
  } else {
    add_extension(c, signer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(c, signer, NID_ext_key_usage, "serverAuth");
    add_extension(c, signer, NID_subject_alt_name, wish.alternative_names);
  }
  require(X509_sign(c, issuer_key != nullptr ? issuer_key : key, EVP_sha256()) > 0, "signature");
  return certificate;
}

template <class Write>
std::string write_pem(const TemporaryDirectory& directory, const std::string& name, Write write) {
  const std::unique_ptr<BIO, Free> memory(BIO_new(BIO_s_mem()));
  require(memory != nullptr && write(memory.get()) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return directory.write(name, std::string_view(data, static_cast<std::size_t>(size)));
}

TestCertificate write_pair(const std::shared_ptr<TemporaryDirectory>& directory, const std::string& stem, X509* c,
                           EVP_PKEY* key) {
  auto certificate_file = write_pem(*directory, stem + ".pem", [c](BIO* out) { return PEM_write_bio_X509(out, c); });
  auto key_file = write_pem(*directory, stem + ".key", [key](BIO* out) {
    return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  return {directory, std::move(certificate_file), std::move(key_file)};
}

}  // namespace

struct TestAuthority::Keys {
  Key key = make_key();
  Certificate certificate =
      make_certificate({"Confab test authority", nullptr, -400 * day, 400 * day, 1}, key.get(), nullptr, nullptr);
  long made = 1;

  TestCertificate issue(const std::shared_ptr<TemporaryDirectory>& directory, const char* stem, const char* names,
                        long from, long until, bool by_itself = false) {
    const Key own = make_key();
    ++made;
    const Wish wish{"confab-test", names, from, until, made};
    const Certificate issued = by_itself ? make_certificate(wish, own.get(), nullptr, nullptr)
                                         : make_certificate(wish, own.get(), certificate.get(), key.get());
    return write_pair(directory, stem + std::to_string(made), issued.get(), own.get());
  }
};

TestAuthority::TestAuthority()
    : directory_(std::make_shared<TemporaryDirectory>("confab-tls")), keys_(std::make_unique<Keys>()) {
  X509* const c = keys_->certificate.get();
  ca_file_ = write_pem(*directory_, "ca.pem", [c](BIO* out) { return PEM_write_bio_X509(out, c); });
}
TestAuthority::~TestAuthority() = default;

const std::string& TestAuthority::ca_file() const { return ca_file_; }

TestCertificate TestAuthority::valid() { return keys_->issue(directory_, "valid", local_names, -day, 30 * day); }
TestCertificate TestAuthority::expired() { return keys_->issue(directory_, "expired", local_names, -60 * day, -day); }
TestCertificate TestAuthority::not_yet_valid() { return keys_->issue(directory_, "early", local_names, day, 30 * day); }
TestCertificate TestAuthority::other_name() {
  return keys_->issue(directory_, "other", "DNS:elsewhere.example", -day, 30 * day);
}
TestCertificate TestAuthority::self_signed() {
  return keys_->issue(directory_, "self", local_names, -day, 30 * day, true);
}

TestAuthority& authority() {
  static TestAuthority one;
  return one;
}

}  // namespace confab::test
