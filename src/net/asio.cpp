// Boost.Asio is compiled here, once (BOOST_ASIO_SEPARATE_COMPILATION); everybody else sees declarations only.
#include <boost/asio/impl/src.hpp>
