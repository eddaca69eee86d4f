#include "report_int.h"
mho_status mho_learn_report_html(mho_ctx*c,const mho_learn_result*r,const char*p){(void)r;return mho_i_file_write(c,p,"",0);}
