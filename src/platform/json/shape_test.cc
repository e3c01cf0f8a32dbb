#include "platform/json/shape.h"

#include <gtest/gtest.h>

namespace molecule::json {
namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Leaf {
  Colour colour = Colour::red;
  std::optional<std::string> note;
  Omit<std::int64_t> age;
  RawJson more;
};
BOOST_DESCRIBE_STRUCT(Leaf, (), (colour, note, age, more))

struct Tree {
  std::string name;
  double height = 0;
  std::vector<Leaf> leaves;
  std::map<std::string, bool> marks;
  Omit<std::optional<WorkspaceId>> owner;
  std::string template_;

  static constexpr std::array about{About{"height", "metres"}};
};
BOOST_DESCRIBE_STRUCT(Tree, (), (name, height, leaves, marks, owner, template_))

namespace elsewhere {
struct Leaf {
  bool dry = false;
};
BOOST_DESCRIBE_STRUCT(Leaf, (), (dry))
}  // namespace elsewhere

struct Mistaken {
  bool there = false;
  static constexpr std::array about{About{"not_there", "…"}};
};
BOOST_DESCRIBE_STRUCT(Mistaken, (), (there))

const FieldShape& field(const Shapes& shapes, const std::string& type, std::string_view name) {
  for (const FieldShape& each : shapes.all().at(type).fields) {
    if (each.name == name) return each;
  }
  throw std::out_of_range(std::string(name));
}

TEST(Shapes, ATypeAndAllThatItNamesAreKnownByTheirFields) {
  Shapes shapes;
  Shape tree = shapes.add<Tree>(Shapes::Way::written);
  EXPECT_EQ(tree.kind, Shape::Kind::named);
  EXPECT_EQ(tree.name, "Tree");
  ASSERT_EQ(shapes.all().size(), 3u);
  EXPECT_EQ(shapes.all().at("Colour").values, (std::vector<std::string_view>{"red", "green"}));
  EXPECT_EQ(field(shapes, "Tree", "height").about, "metres");
  const FieldShape& leaves = field(shapes, "Tree", "leaves");
  EXPECT_EQ(leaves.shape.kind, Shape::Kind::list);
  EXPECT_EQ(leaves.shape.of.front().name, "Leaf");
  EXPECT_EQ(field(shapes, "Tree", "marks").shape.kind, Shape::Kind::map);
  EXPECT_EQ(field(shapes, "Tree", "template").shape.kind, Shape::Kind::text)
      << "without the underscore that C++ needs";
}

TEST(Shapes, WhatMayBeAbsentFollowsFromTheWay) {
  Shapes written, read;
  written.add<Tree>(Shapes::Way::written);
  read.add<Tree>(Shapes::Way::read);
  EXPECT_TRUE(field(written, "Leaf", "note").always);
  EXPECT_TRUE(field(written, "Leaf", "note").shape.nullable);
  EXPECT_FALSE(field(written, "Leaf", "age").always);
  EXPECT_FALSE(field(written, "Leaf", "age").shape.nullable);
  EXPECT_FALSE(field(written, "Tree", "owner").always);
  EXPECT_TRUE(field(written, "Tree", "owner").shape.nullable);
  EXPECT_FALSE(field(read, "Leaf", "note").always);
  EXPECT_FALSE(field(read, "Leaf", "more").always);
  EXPECT_TRUE(field(read, "Tree", "name").always);
}

TEST(Shapes, TwoTypesOfOneNameAreADefect) {
  Shapes shapes;
  shapes.add<Leaf>(Shapes::Way::written);
  EXPECT_NO_THROW(shapes.add<Leaf>(Shapes::Way::written));
  EXPECT_THROW(shapes.add<elsewhere::Leaf>(Shapes::Way::written), Fault);
  EXPECT_THROW(shapes.add<Mistaken>(Shapes::Way::written), Fault);
}

TEST(Shapes, AListIsWrittenItemByItem) {
  ListWriter<Leaf> none;
  EXPECT_EQ(std::move(none).finish().text, "[]");
  ListWriter<Leaf> two;
  two.add({});
  two.add({});
  Written<std::vector<Leaf>> list = std::move(two).finish();
  EXPECT_EQ(
      json::text(list),
      R"([{"colour":"red","note":null,"more":null},{"colour":"red","note":null,"more":null}])");
  Shapes shapes;
  EXPECT_EQ(shapes.add<Written<std::vector<Leaf>>>(Shapes::Way::written).kind, Shape::Kind::list);
}

}  // namespace
}  // namespace molecule::json
