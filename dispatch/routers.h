// The table of routers, and reading their state back by kind.

#ifndef MUSTER_DISPATCH_ROUTERS_H_
#define MUSTER_DISPATCH_ROUTERS_H_

#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/router.h"

namespace muster::dispatch {

struct RouterEntry {
  absl::string_view kind;         // Router::kind()
  absl::string_view description;  // one line
  // The router whose EncodeState() is exactly `state`, bytes from anywhere:
  // DataLoss where they are cut short or malformed, InvalidArgument where a
  // field breaks the member's rules.
  absl::StatusOr<std::unique_ptr<Router>> (*decode)(absl::string_view state);
};

// All members, in the order of presentation.
std::span<const RouterEntry> RouterTable();

// decode() of the member called `kind`. NotFound, with the kinds that exist.
absl::StatusOr<std::unique_ptr<Router>> DecodeRouter(absl::string_view kind,
                                                     absl::string_view state);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ROUTERS_H_
