# SPDX-License-Identifier: MIT
# In builds whose init is myctr, or that say MYCTR_KERNEL = "1"; in others nothing may change because of this layer.
include ${@'linux-myctr.inc' if d.getVar('INIT_MANAGER') == 'myctr' or bb.utils.to_boolean(d.getVar('MYCTR_KERNEL')) else ''}
