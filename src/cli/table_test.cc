#include "cli/table.h"

#include <gtest/gtest.h>

#include "platform/text/terminal.h"

namespace molecule::cli {
namespace {

Table sample() {
  Table table({id_column, {"NAME", 6, 8}, {"COUNT", 0, 2, text::Cut::end, true}});
  table.add({"01890a5d-ac96-774b-bcce-b302099a8057", "researcher of everything", "7"});
  table.add({"01890a5d-ac96-774b-bcce-b302099a8058", "张伟", "12"});
  return table;
}

Screen of_width(int columns) {
  Screen screen;
  screen.columns = columns;
  return screen;
}

TEST(Table, InAPipeEverythingIsWhole) {
  EXPECT_EQ(sample().text(Screen{}),
            "ID                                    NAME                      COUNT\n"
            "01890a5d-ac96-774b-bcce-b302099a8057  researcher of everything      7\n"
            "01890a5d-ac96-774b-bcce-b302099a8058  张伟                         12\n");
}

TEST(Table, WhatIsLongIsCutAndIdsKeepTheirEnd) {
  EXPECT_EQ(sample().text(of_width(40)),
            "ID               NAME              COUNT\n"
            "…e-b302099a8057  researcher of e…      7\n"
            "…e-b302099a8058  张伟                 12\n");
}

TEST(Table, WhatIsWorthLeastIsLeftOut) {
  EXPECT_EQ(sample().text(of_width(18)),
            "ID         NAME\n"
            "…099a8057  resear…\n"
            "…099a8058  张伟\n");
}

TEST(Table, NoLineIsWiderThanTheTerminal) {
  for (int columns = 1; columns < 90; ++columns) {
    const std::string text = sample().text(of_width(columns));
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_LE(text::columns_of(text.substr(at, end - at)), columns) << text;
      at = end + 1;
    }
  }
}

TEST(Table, ColoursAreAroundTheTextAlone) {
  Table table({{"A"}, {"B"}});
  table.add({Cell("x", Tone::bad), "y"});
  Screen screen;
  screen.colours = true;
  EXPECT_EQ(table.text(screen), "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m  y\n");
}

}  // namespace
}  // namespace molecule::cli
