// What an error says.
#pragma once

#include <string>

#include "nncpp/error.hpp"

namespace nncpp::testing {

// of the error that the action throws; empty if it throws none
std::string message_of(auto&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace nncpp::testing
