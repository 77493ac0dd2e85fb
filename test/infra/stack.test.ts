// One test file for the whole stack, so that it synthesises each config once.
import "./stack/access.ts";
import "./stack/alarms.ts";
import "./stack/cost.ts";
import "./stack/doctor.ts";
import "./stack/forwarding.ts";
import "./stack/functions.ts";
import "./stack/names.ts";
import "./stack/people.ts";
import "./stack/portable.ts";
import "./stack/queues.ts";
import "./stack/rules.ts";
import "./stack/tables.ts";
import "./stack/template.ts";
import "./stack/watch.ts";
