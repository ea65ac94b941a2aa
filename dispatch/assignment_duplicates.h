#ifndef MUSTER_DISPATCH_ASSIGNMENT_DUPLICATES_H_
#define MUSTER_DISPATCH_ASSIGNMENT_DUPLICATES_H_

// Identical points of a frontier as one network point of their number: data
// with many duplicates (counts, categories, constants) ties by the thousand,
// and flow of many units moves at once.
//
// m identical points with p copies each are one point that sends p m units, at
// most m to a centre; every such whole flow can be dealt out again in turn, p
// distinct centres to each (McNaughton's wrap-around rule).

#include <cstdint>
#include <vector>

#include "muster/dispatch/assignment_frontier.h"
#include "muster/dispatch/assignment_network.h"
#include "muster/dispatch/points.h"

namespace muster::dispatch {

// Members of each network point, ascending; the first is its `point`.
using DuplicateGroups = std::vector<std::vector<int64_t>>;

// Joins the frontier's points that have equal coordinates and the same centres
// outside the frontier. Points without weights or splits. O(F d + F log F) for
// F frontier points.
DuplicateGroups JoinDuplicates(PointsView points, const AssignmentState& state,
                               Frontier* frontier);

// The flows of the network back into the state, dealt out to the members.
void DealFlows(const AssignmentNetwork& network, const DuplicateGroups& groups,
               AssignmentState* state);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_DUPLICATES_H_
