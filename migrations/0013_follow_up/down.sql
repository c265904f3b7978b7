drop table heartbeats, outages, sign_offs, follow_ups, review_warnings, review_acts, reviews;
