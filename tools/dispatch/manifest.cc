#include "muster/tools/dispatch/manifest.h"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"
#include "nlohmann/json.hpp"

namespace muster::tools::dispatch {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kVersion = 1;

// Names from a file may be in any encoding. JSON knows UTF-8 alone; what is not
// stands there as an array of bytes, so that it comes back as it was.
Json FormatName(const std::string& name) {
  Json text = name;
  const std::string encoded =
      text.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (Json::parse(encoded) == text) return text;
  Json bytes = Json::array();
  for (const char c : name) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

bool ReadName(const Json& json, std::string* name) {
  if (json.is_string()) {
    *name = json.get<std::string>();
    return true;
  }
  if (!json.is_array()) return false;
  name->clear();
  for (const Json& byte : json) {
    if (!byte.is_number_unsigned() || byte.get<uint64_t>() > 255) return false;
    *name += static_cast<char>(byte.get<uint64_t>());
  }
  return true;
}

// Reads fields of one object; the first mistake is kept.
class FieldReader {
 public:
  FieldReader(const Json& object, absl::string_view name)
      : object_(object), name_(name) {
    if (!object.is_object()) Fail("is not an object");
  }

  void Read(const char* field, std::string* value) {
    const Json* json = Find(field);
    if (json == nullptr) return;
    if (!json->is_string()) return Fail(field, "is not text");
    *value = json->get<std::string>();
  }
  void Read(const char* field, int64_t* value) {
    const Json* json = Find(field);
    if (json == nullptr) return;
    if (!json->is_number_unsigned() ||
        json->get<uint64_t>() > std::numeric_limits<int64_t>::max()) {
      return Fail(field, "is not a whole number of at least 0");
    }
    *value = json->get<int64_t>();
  }
  void Read(const char* field, bool* value) {
    const Json* json = Find(field);
    if (json == nullptr) return;
    if (!json->is_boolean()) return Fail(field, "is not true or false");
    *value = json->get<bool>();
  }
  void ReadName(const char* field, std::string* name) {
    const Json* json = Find(field);
    if (json == nullptr || dispatch::ReadName(*json, name)) return;
    Fail(field, "is neither text nor an array of bytes");
  }
  // The elements of an array; empty after a mistake.
  Json Array(const char* field) {
    const Json* json = Find(field);
    if (json == nullptr) return Json::array();
    if (!json->is_array()) {
      Fail(field, "is not an array");
      return Json::array();
    }
    return *json;
  }
  void Fail(absl::string_view field, absl::string_view what) {
    Fail(absl::StrCat(field, " ", what));
  }
  const absl::Status& status() const { return status_; }

 private:
  const Json* Find(const char* field) {
    if (!status_.ok()) return nullptr;
    const auto found = object_.find(field);
    if (found == object_.end()) {
      Fail(field, "is missing");
      return nullptr;
    }
    return &*found;
  }
  void Fail(absl::string_view what) {
    if (status_.ok())
      status_ = absl::DataLossError(absl::StrCat(name_, ": ", what));
  }

  const Json& object_;
  std::string name_;
  absl::Status status_;
};

// Whether `name` is of something within a folder.
bool IsFileName(absl::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find('/') == absl::string_view::npos &&
         name.find('\0') == absl::string_view::npos;
}

absl::StatusOr<ShardEntry> ReadEntry(const Json& json, absl::string_view name) {
  ShardEntry entry;
  FieldReader reader(json, name);
  reader.Read("rows", &entry.rows);
  for (const Json& file : reader.Array("files")) {
    FieldReader file_reader(file, name);
    std::string& file_name = entry.files.emplace_back();
    file_reader.Read("name", &file_name);
    file_reader.Read("bytes", &entry.bytes.emplace_back());
    MUSTER_RETURN_IF_ERROR(file_reader.status());
    if (!IsFileName(file_name)) {
      return absl::DataLossError(
          absl::StrCat(name, ": '", file_name, "' is not a file name"));
    }
  }
  MUSTER_RETURN_IF_ERROR(reader.status());
  if (entry.files.empty()) {
    return absl::DataLossError(absl::StrCat(name, ": has no files"));
  }
  return entry;
}

// A delimiter as a number, as it may be no text.
Json FormatCsv(const models::CsvOptions& csv) {
  Json json;
  json["delimiter"] = static_cast<unsigned char>(csv.delimiter);
  json["header"] = csv.header == models::CsvHeader::kPresent;
  json["label_column"] = FormatName(csv.label_column);
  json["ignored_columns"] = Json::array();
  for (const std::string& column : csv.ignored_columns) {
    json["ignored_columns"].push_back(FormatName(column));
  }
  json["missing_is_zero"] = csv.missing == models::CsvMissing::kZero;
  return json;
}

absl::StatusOr<models::CsvOptions> ReadCsv(const Json& json,
                                           absl::string_view name) {
  models::CsvOptions csv;
  FieldReader reader(json, name);
  int64_t delimiter = 0;
  bool header = false, zero = false;
  reader.Read("delimiter", &delimiter);
  reader.Read("header", &header);
  reader.ReadName("label_column", &csv.label_column);
  for (const Json& column : reader.Array("ignored_columns")) {
    if (!ReadName(column, &csv.ignored_columns.emplace_back())) {
      reader.Fail("ignored_columns", "is not of texts or arrays of bytes");
      break;
    }
  }
  reader.Read("missing_is_zero", &zero);
  if (delimiter > std::numeric_limits<unsigned char>::max()) {
    reader.Fail("delimiter", "is not a byte");
  }
  MUSTER_RETURN_IF_ERROR(reader.status());
  csv.delimiter = static_cast<char>(delimiter);
  csv.header =
      header ? models::CsvHeader::kPresent : models::CsvHeader::kAbsent;
  csv.missing = zero ? models::CsvMissing::kZero : models::CsvMissing::kError;
  if (const absl::Status valid = Validate(csv); !valid.ok()) {
    return absl::DataLossError(
        absl::StrCat(name, ": ", std::string(valid.message())));
  }
  return csv;
}

// That the shards hold together: what is added up later fits into int64_t.
absl::Status CheckTotals(const Manifest& manifest, absl::string_view name) {
  const auto damaged = [&](const auto&... what) {
    return absl::DataLossError(absl::StrCat(name, ": ", what...));
  };
  const auto num_shards = static_cast<int64_t>(manifest.shards.size());
  if (manifest.copies < 1 || manifest.copies > num_shards) {
    return damaged("copies is ", manifest.copies, ", with ", num_shards,
                   " shards");
  }
  if (manifest.rows < 1) return damaged("rows is 0");
  __int128 rows = 0;
  __int128 bytes = 0;
  std::set<absl::string_view> files = {kManifestName};
  for (int64_t i = 0; i < num_shards; ++i) {
    const ShardEntry& entry = manifest.shards[i];
    rows += entry.rows;
    for (const int64_t size : entry.bytes) bytes += size;
    if (entry.rows > manifest.rows) {
      return damaged("shard ", i, " of ", entry.rows, " rows, of ",
                     manifest.rows);
    }
    for (const std::string& file : entry.files) {
      if (!files.insert(file).second) {
        return damaged("shard ", i, ": a second file '", file, "'");
      }
    }
  }
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (rows > kMost || bytes > kMost) {
    return damaged("more than ", kMost, rows > kMost ? " rows" : " bytes");
  }
  if (rows != static_cast<__int128>(manifest.rows) * manifest.copies) {
    return damaged("shards of ", static_cast<int64_t>(rows),
                   " rows together, of ", manifest.rows, " rows times ",
                   manifest.copies, " copies");
  }
  return absl::OkStatus();
}

}  // namespace

std::string FormatManifest(const Manifest& manifest) {
  Json json;
  json["version"] = kVersion;
  json["format"] = manifest.format;
  json["input"] = manifest.input;
  json["router"] = manifest.router;
  json["router_kind"] = manifest.router_kind;
  json["router_crc32"] = manifest.router_crc32;
  json["copies"] = manifest.copies;
  json["rows"] = manifest.rows;
  json["bad_rows"] = manifest.bad_rows;
  json["online"] = manifest.online;
  if (manifest.csv.has_value()) json["csv"] = FormatCsv(*manifest.csv);
  json["shards"] = Json::array();
  for (const ShardEntry& entry : manifest.shards) {
    Json shard;
    shard["rows"] = entry.rows;
    shard["files"] = Json::array();
    for (size_t i = 0; i < entry.files.size(); ++i) {
      shard["files"].push_back(
          Json{{"name", entry.files[i]}, {"bytes", entry.bytes[i]}});
    }
    json["shards"].push_back(std::move(shard));
  }
  // The paths of input and router are for people: bytes that are no UTF-8
  // become U+FFFD.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view text,
                                       absl::string_view name) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr,
                                /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return absl::DataLossError(absl::StrCat(name, ": is not JSON"));
  }
  Manifest manifest;
  FieldReader reader(json, name);
  int64_t version = 0;
  reader.Read("version", &version);
  if (reader.status().ok() && version != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        name, ": version ", version, ", this program reads ", kVersion));
  }
  reader.Read("format", &manifest.format);
  reader.Read("input", &manifest.input);
  reader.Read("router", &manifest.router);
  reader.Read("router_kind", &manifest.router_kind);
  reader.Read("router_crc32", &manifest.router_crc32);
  reader.Read("copies", &manifest.copies);
  reader.Read("rows", &manifest.rows);
  reader.Read("bad_rows", &manifest.bad_rows);
  reader.Read("online", &manifest.online);
  const Json shards = reader.Array("shards");
  MUSTER_RETURN_IF_ERROR(reader.status());
  if (const auto csv = json.find("csv"); csv != json.end()) {
    MUSTER_ASSIGN_OR_RETURN(manifest.csv,
                            ReadCsv(*csv, absl::StrCat(name, ", csv")));
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    MUSTER_ASSIGN_OR_RETURN(
        manifest.shards.emplace_back(),
        ReadEntry(shards[i], absl::StrCat(name, ", shard ", i)));
  }
  if (manifest.shards.empty()) {
    return absl::DataLossError(absl::StrCat(name, ": has no shards"));
  }
  MUSTER_RETURN_IF_ERROR(CheckTotals(manifest, name));
  return manifest;
}

absl::StatusOr<Manifest> ReadShardFolder(absl::string_view folder) {
  const std::string root(folder);
  const std::string name = absl::StrCat(root, "/", kManifestName);
  MUSTER_ASSIGN_OR_RETURN(const std::string text, runtime::ReadFile(name));
  MUSTER_ASSIGN_OR_RETURN(Manifest manifest, ParseManifest(text, name));
  for (const ShardEntry& entry : manifest.shards) {
    for (size_t i = 0; i < entry.files.size(); ++i) {
      const std::string path = absl::StrCat(root, "/", entry.files[i]);
      std::error_code error;
      const std::uintmax_t bytes = std::filesystem::file_size(path, error);
      if (error) {
        return absl::NotFoundError(absl::StrCat(
            path, ": ", error.message(), ", but ", kManifestName, " lists it"));
      }
      if (bytes != static_cast<std::uintmax_t>(entry.bytes[i])) {
        return absl::DataLossError(absl::StrCat(path, ": ", bytes, " bytes, ",
                                                kManifestName, " says ",
                                                entry.bytes[i]));
      }
    }
  }
  return manifest;
}

}  // namespace muster::tools::dispatch
