// Errors that reach the user. A message names the layer or argument, what was expected, what came.
#pragma once

#include <exception>
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

// A caller's own code, run inside a layer or a loss, failed with an exception of its own. The bindings raise it as the
// cause of an NncppError.
struct CallbackError {
  std::string where;  // "forward"; then "my_layer: forward"
  std::exception_ptr cause;
};

template <typename... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// f(), with the name before its error
template <typename F>
auto named(const std::string& name, F f) {
  const auto message = [&](const Error& error) { return text(name, ": ", error.what()); };
  try {
    return f();
  } catch (const ShapeError& error) {
    throw ShapeError(message(error));
  } catch (const DataError& error) {
    throw DataError(message(error));
  } catch (const TypeError& error) {
    throw TypeError(message(error));
  } catch (const Error& error) {
    throw Error(message(error));
  } catch (CallbackError& error) {
    error.where = text(name, ": ", error.where);
    throw;
  }
}

}  // namespace nncpp
