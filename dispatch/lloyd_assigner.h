#ifndef MUSTER_DISPATCH_LLOYD_ASSIGNER_H_
#define MUSTER_DISPATCH_LLOYD_ASSIGNER_H_

// The assignment step of Lloyd's iteration (lloyd.h) with bounds that carry
// over from one set of centres to the next. Internal to lloyd.cc.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class LloydAssigner {
 public:
  // A point that changed its cluster (from -1: the first time).
  struct Change {
    int32_t point;
    int32_t from;
    int32_t to;
  };

  // The points must outlive the assigner. group_size as of LloydOptions (not
  // -1); groups are made of centres that are close at first.
  LloydAssigner(PointsView points, PointsView centers, int64_t group_size);

  // Assigns every point to the nearest of `centers` and returns what changed,
  // in the order of points. Calls must have as many centres each time.
  std::vector<Change> Assign(PointsView centers,
                             const runtime::Runtime& runtime);

  // Puts a point into another cluster, without a look at its bounds later.
  void Move(int32_t point, int32_t to);

  const std::vector<int32_t>& assignment() const { return assignment_; }
  int64_t pairs() const { return pairs_; }

 private:
  friend class LloydBlock;

  void MakeGroups(PointsView centers, int64_t group_size);
  void MeasureDrift(PointsView centers);
  class OpenPoints;
  // Assigns the points of a block that are not settled; what changed.
  std::vector<Change> AssignBlock(runtime::Block block, PointsView centers,
                                  bool prune, const PackedCenters& packed,
                                  int64_t* pairs);
  void MeasureSeparation(const PackedCenters& packed,
                         const runtime::Runtime& runtime);

  PointsView points_;
  int64_t num_centers_;
  bool keep_bounds_;
  // Centres in the order of groups: slot -> centre, its inverse, and the slots
  // at which groups begin (multiples of 16), then k.
  std::vector<int32_t> center_of_slot_;
  std::vector<int32_t> slot_of_center_;
  std::vector<int64_t> group_begin_;
  std::vector<int32_t> group_of_center_;

  std::vector<int32_t> assignment_;  // n
  std::vector<float> upper_;         // n
  std::vector<float> lower_;         // n x groups
  PointSet previous_;                // the centres of the last call
  std::vector<float> drift_;         // by centre, since then
  std::vector<float> group_drift_;   // the largest of each group
  std::vector<float> half_gap_;      // half the distance to the next centre
  int64_t pairs_ = 0;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LLOYD_ASSIGNER_H_
