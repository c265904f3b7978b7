drop table write_steps, write_plans;
