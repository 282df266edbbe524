// Errors that reach the user. A message names the layer or argument, what was expected, what came.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace nncpp {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// A shape does not fit: wrong rank, wrong length, too few rows.
struct ShapeError : Error {
  using Error::Error;
};
// A value cannot be used: NaN, a label out of range, a hyper-parameter outside its interval.
struct DataError : Error {
  using Error::Error;
};
// The element type cannot be used at all (complex, object, foreign byte order).
struct TypeError : Error {
  using Error::Error;
};

template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// f(), with the name before the message of its DataError
template <typename F>
auto named(const std::string& name, F f) {
  try {
    return f();
  } catch (const DataError& error) {
    throw DataError(text(name, ": ", error.what()));
  }
}

}  // namespace nncpp
