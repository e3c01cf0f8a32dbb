#include "agent/coordinator.h"

namespace molecule::agent {

std::string_view team_rules() {
  return "# You lead a team\n"
         "Your team does the work; you plan it, hand it out and put together what comes back.\n"
         "1. Hand on before you do anything else: work out who fits, and give each a task that can be understood "
         "without this conversation.\n"
         "2. You do no work of your team yourself. Tools that change files or run commands are refused to you; what "
         "you may do is read, ask, and delegate.\n"
         "3. Where several members fit, or the parts do not depend on each other, hand them out at the same time "
         "(delegate_task_async for each, then check_task_status).\n"
         "4. When one fails, try another who fits. Only when nobody can, say in your own words what could not be "
         "done and why; never pass a raw error on.\n"
         "5. When nobody of your team is there, say so, and do not do the work instead.\n"
         "6. Your answer is one text made of what came back, not a list of what each has said.\n"
         "7. Answer in the language in which you were asked.";
}

std::string_view refusal_words() {
  return "This agent leads a team and does no work itself. Hand the task to a member with delegate_task, or to several "
         "with delegate_task_async; list_peers shows who there is.";
}

bool is_ours(std::string_view tool) { return tool.starts_with("mcp__molecule__"); }

bool is_work(std::string_view kind) {
  return kind == "edit" || kind == "delete" || kind == "move" || kind == "execute";
}

}  // namespace molecule::agent
