/* SPDX-License-Identifier: MIT */
/* A static C program that does nothing: what any small command costs before it begins. */
int main(void)
{
	return 0;
}
