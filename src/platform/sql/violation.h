// A statement that would break a constraint of the schema. Slices turn it into the Fault that fits
// ("the name is taken"); one that nobody catches is a defect of ours.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace molecule::sql {

class ConstraintViolation : public std::exception {
 public:
  enum class Rule { unique, foreign_key, check, not_null, other };

  ConstraintViolation(Rule rule, std::string subject, std::string detail)
      : rule_(rule), subject_(std::move(subject)), detail_(std::move(detail)) {}

  Rule rule() const { return rule_; }
  // What was broken, in the engine's words, which differ: SQLite names columns ("tokens.hash"),
  // PostgreSQL the table and the constraint ("tokens tokens_hash_key"). May be empty.
  const std::string& subject() const { return subject_; }
  // True when the subject names this table.
  bool about(std::string_view table) const {
    return subject_.starts_with(table) &&
           (subject_.size() == table.size() || subject_[table.size()] == '.' ||
            subject_[table.size()] == ' ');
  }
  // For the log; may hold stored values, so never for a client.
  const char* what() const noexcept override { return detail_.c_str(); }

 private:
  Rule rule_;
  std::string subject_;
  std::string detail_;
};

}  // namespace molecule::sql
