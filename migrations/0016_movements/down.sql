drop table movement_sign_offs;
