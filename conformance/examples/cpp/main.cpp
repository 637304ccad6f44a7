// Answers test vectors of cross_entropy: a JSON line in, a JSON line out.
//
//     g++ -O2 -std=c++17 -o main main.cpp
//     wce-vectors run --exec ./main
//
// Needs the standard library and nothing else. Offered are float64 logits of rank 2 with labels,
// class weights and ignore_index.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// --- As much of JSON as a vector has ---------------------------------------------------------

struct Json {
  enum Kind { kNull, kNumber, kText, kList, kObject } kind = kNull;
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json> fields;

  const Json* find(const std::string& name) const {
    auto found = fields.find(name);
    return found == fields.end() ? nullptr : &found->second;
  }
};

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  Json value() {
    skip();
    Json json;
    char c = text_.at(at_);
    if (c == '"') {
      json.kind = Json::kText;
      json.text = string();
    } else if (c == '[') {
      json.kind = Json::kList;
      while (next(']', ",[")) json.list.push_back(value());
    } else if (c == '{') {
      json.kind = Json::kObject;
      while (next('}', ",{")) {
        skip();
        std::string name = string();
        skip();
        ++at_;  // the colon
        json.fields[name] = value();
      }
    } else if (c == 't' || c == 'f' || c == 'n') {
      json.kind = c == 'n' ? Json::kNull : Json::kNumber;
      json.number = c == 't';
      at_ += c == 'f' ? 5 : 4;
    } else {
      char* end = nullptr;
      json.kind = Json::kNumber;
      json.number = std::strtod(text_.c_str() + at_, &end);
      at_ = end - text_.c_str();
    }
    return json;
  }

 private:
  void skip() {
    while (std::isspace(static_cast<unsigned char>(text_.at(at_)))) ++at_;
  }

  // Past an opening bracket or a comma; false, and past the closing one, at the end.
  bool next(char closing, const char* openings) {
    skip();
    if (std::string(openings).find(text_.at(at_)) != std::string::npos) ++at_;
    skip();
    if (text_.at(at_) != closing) return true;
    ++at_;
    return false;
  }

  // Raw: what is escaped in an id goes back as it came.
  std::string string() {
    std::size_t from = ++at_;
    while (text_.at(at_) != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    return text_.substr(from, at_++ - from);
  }

  const std::string& text_;
  std::size_t at_ = 0;
};

double number(const Json& json) {
  return json.kind == Json::kText ? std::strtod(json.text.c_str(), nullptr) : json.number;
}

std::vector<double> numbers(const Json& array) {
  std::vector<double> found;
  for (const Json& json : array.find("data")->list) found.push_back(number(json));
  return found;
}

std::string written(double x) {
  if (std::isnan(x)) return "\"nan\"";
  if (std::isinf(x)) return x > 0 ? "\"inf\"" : "\"-inf\"";
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", x);
  return text;
}

std::string written(const std::vector<double>& list) {
  std::string text = "[";
  for (double x : list) text += (text.size() > 1 ? "," : "") + written(x);
  return text + "]";
}

// --- The loss --------------------------------------------------------------------------------

struct Items {
  std::vector<double> losses, omegas, gradient;
  double kept = 0;
};

// −w·log p of the label, and its gradient, without a difference that cancels.
void add(Items& items, const double* row, std::size_t classes, std::size_t label, double weight) {
  double top = -INFINITY;
  bool none = false;
  for (std::size_t k = 0; k < classes; ++k) {
    none = none || std::isnan(row[k]);
    top = std::max(top, row[k]);
  }
  items.omegas.push_back(weight);
  if (none || std::isinf(top)) {
    items.losses.push_back(NAN);
    items.gradient.insert(items.gradient.end(), classes, NAN);
    return;
  }
  std::size_t at = 0;
  while (row[at] != top) ++at;
  double rest = 0, others = 0;
  std::vector<double> powers(classes);
  for (std::size_t k = 0; k < classes; ++k) {
    powers[k] = std::exp(row[k] - top);
    if (k != at) rest += powers[k];
    if (k != label) others += powers[k];
  }
  double loss = top - row[label] + std::log1p(rest);
  items.losses.push_back(weight == 0 ? 0 : weight * loss);
  for (std::size_t k = 0; k < classes; ++k)
    items.gradient.push_back(weight * (k == label ? -others : powers[k]) / (1 + rest));
}

double denominator(const std::string& reduction, const Items& items) {
  double weight = 0, nonzero = 0, all = items.losses.size();
  for (double omega : items.omegas) {
    weight += omega;
    nonzero += omega != 0;
  }
  if (reduction == "none" || reduction == "sum") return 1;
  if (reduction == "mean") return items.kept;
  if (reduction == "mean_over_all" || reduction == "batch_mean") return all;
  if (reduction == "weighted_mean") return weight;
  if (reduction == "nonzero_mean") return nonzero;
  throw std::invalid_argument("no reduction " + reduction);
}

void refuse_what_is_not_offered(const Json& vector) {
  if (vector.find("loss")->text != "cross_entropy") throw std::invalid_argument("no such loss");
  if (vector.find("dtype")->text != "float64") throw std::invalid_argument("float64 only");
  for (const auto& [name, value] : vector.find("arguments")->fields) {
    if (name != "class_weight" && name != "reduction" && name != "ignore_index")
      throw std::invalid_argument("no " + name);
    if (name == "class_weight" && value.kind != Json::kObject)
      throw std::invalid_argument("no weights of the batch");
  }
  if (vector.find("predictions")->find("shape")->list.size() != 2 ||
      vector.find("targets")->find("shape")->list.size() != 1)
    throw std::invalid_argument("rows of logits with a label each");
}

std::vector<double> weights(const Json* given, std::size_t classes) {
  if (given == nullptr) return std::vector<double>(classes, 1);
  if (given->find("data")) return numbers(*given);
  std::vector<double> found;
  for (std::size_t k = 0; k < classes; ++k)
    found.push_back(given->find(std::to_string(k))->number);
  return found;
}

std::string answer(const Json& vector) {
  refuse_what_is_not_offered(vector);
  const Json& given = *vector.find("arguments");
  std::vector<double> logits = numbers(*vector.find("predictions"));
  std::size_t classes = vector.find("predictions")->find("shape")->list[1].number;
  std::vector<double> by_class = weights(given.find("class_weight"), classes);
  std::string reduction = given.find("reduction") ? given.find("reduction")->text : "mean";
  bool huge = *std::max_element(by_class.begin(), by_class.end()) > 0x1p960;
  if (huge && reduction == "weighted_mean")  // the same mean, and their sum does not overflow
    for (double& weight : by_class) weight *= 0x1p-64;
  const Json* ignored = given.find("ignore_index");
  Items items;
  for (double label : numbers(*vector.find("targets"))) {
    std::size_t from = items.losses.size() * classes;
    if (ignored && label == ignored->number) {
      items.losses.push_back(0);
      items.omegas.push_back(0);
      items.gradient.insert(items.gradient.end(), classes, 0);
    } else {
      add(items, logits.data() + from, classes, label, by_class[label]);
      ++items.kept;
    }
  }
  double under = denominator(reduction, items), total = 0;
  for (double loss : items.losses) total += loss;
  for (double& slope : items.gradient) slope = under == 0 ? 0 : slope / under;
  std::string value =
      reduction == "none" ? written(items.losses) : written(under == 0 ? 0 : total / under);
  return "\"value\":" + value + ",\"gradient\":" + written(items.gradient);
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    Json vector = Reader(line).value();
    std::string rest;
    try {
      rest = answer(vector);
    } catch (const std::invalid_argument& error) {
      rest = std::string("\"not_offered\":\"") + error.what() + "\"";
    }
    std::cout << "{\"id\":\"" << vector.find("id")->text << "\"," << rest << "}" << std::endl;
  }
}
